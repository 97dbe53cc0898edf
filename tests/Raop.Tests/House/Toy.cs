#pragma warning disable CA1801, CA1812, CA1823, CA1852, IDE0051, IDE0060, MA0036, MA0038, MA0041, MA0053 // a house built wrong on purpose

namespace Raop.Tests.House.Toy
{
    internal sealed class RaopSender
    {
        public static Sending.Session Session { get; } = new();
    }

    internal sealed record SenderOptions(int Port);

    internal sealed class RaopException(string message) : Exception(message);
}

namespace Raop.Tests.House.Toy.Diagnostics
{
    internal static class Counters
    {
        public static int Count { get; set; }
    }
}

namespace Raop.Tests.House.Toy.Rtsp
{
    internal sealed class Request
    {
        public static int Check() => Diagnostics.Counters.Count == 0 ? 1 : throw new RaopException("allowed");
    }

    internal sealed class KnowsAnotherFormat
    {
        public static async Task<object> ReadAsync()
        {
            await Task.CompletedTask;
            return new Sdp.Description();
        }

        public static Func<int, object> Closure() => number => typeof(Sdp.Description[]).Name + number;
    }
}

namespace Raop.Tests.House.Toy.Sdp
{
    internal sealed class Description : List<Audio.Format>;
}

namespace Raop.Tests.House.Toy.Audio
{
    internal readonly record struct Format(int Rate);

    internal sealed class Fine
    {
        public static Alac.AlacConfig? Config => null;
    }
}

namespace Raop.Tests.House.Toy.Sending
{
    internal sealed class Session
    {
        public static int Fine(SenderOptions options, Rtsp.Request request, Audio.Format format) => options.Port + format.Rate + (request is null ? 0 : 1);
    }

    internal sealed class KnowsTheOtherEnd
    {
        private readonly Dictionary<string, Receiving.Session?[]> _sessions = [];

        public int Count => _sessions.Count;

        public static string Facade() => nameof(RaopSender) + RaopSender.Session.GetHashCode();
    }
}

namespace Raop.Tests.House.Toy.Receiving
{
    internal sealed class Session
    {
        public static T Make<T>() where T : new() => new();

        public static object MakeOther() => Make<Sending.Session>();

        public static Type Socket() => typeof(System.Net.Sockets.Socket);
    }
}

namespace Raop.Tests.House.Toy.Helpers
{
    internal sealed class Anything;
}
