namespace Raop.Discovery;

internal sealed partial class MdnsService
{
    private MdnsResponder _responder = null!; // made by CreateResponder, in the constructor

    /// <summary>Publishes a service: at once, while probing goes on behind.</summary>
    /// <param name="service">The service; it must be reachable already.</param>
    /// <param name="renamed">Told when a name that was established had to be given up and another is announced; on the service's own thread.</param>
    /// <exception cref="ArgumentException">A name or a TXT string is too long.</exception>
    public IMdnsRegistration Publish(ServiceInstance service, Action<string>? renamed = null)
    {
        var registration = new Registration(this, renamed);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            registration.Entry = _responder.Publish(service, name => Tell(() => registration.Establish(name)), Now());
        }

        PollSoon();
        return registration;
    }

    partial void CreateResponder() => AddCore(_responder = new MdnsResponder(_network.HostName, _time.TimestampFrequency, _random));

    partial void Farewell() => _responder.RemoveAll(_output);

    private sealed class Registration(MdnsService service, Action<string>? renamed) : IMdnsRegistration
    {
        private readonly TaskCompletionSource<string> _established = new(
            service._network.ResumesInPlace ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);

        public MdnsPublished? Entry { get; set; }

        public Task<string> Established => _established.Task;

        public void Establish(string name)
        {
            if (!_established.TrySetResult(name)) renamed?.Invoke(name);
        }

        public void Update(IReadOnlyList<string> txt)
        {
            byte[] bytes = DnsTxt.Write(txt);
            lock (service._lock)
            {
                if (!service._disposed) service._responder.Update(Entry!, bytes, service.Now());
            }

            service.PollSoon();
        }

        public ValueTask DisposeAsync()
        {
            lock (service._lock)
            {
                if (!service._disposed) service._responder.Remove(Entry!, service._output);
            }

            _established.TrySetCanceled();
            return ValueTask.CompletedTask;
        }
    }
}
