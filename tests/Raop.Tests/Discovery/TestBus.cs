using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using Raop.Discovery;

namespace Raop.Tests.Discovery;

/// <summary>A system bus with Avahi on it, for one program at a time: what it is asked the test reads, and what Avahi tells the test writes.</summary>
internal sealed class TestBus : IDisposable
{
    public const string Avahi = ":1.1", Stranger = ":1.66", Found = "Found", ItemNew = "ItemNew", ItemRemove = "ItemRemove";

    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly BlockingCollection<byte[]> _output = []; // whoever sends waits for nobody, as on a real bus
    private Socket? _client;
    private uint _serial = 1000;
    private int _objects;

    public TestBus()
    {
        _listener.Bind(new UnixDomainSocketEndPoint(Path));
        _listener.Listen();
        new Thread(Serve) { IsBackground = true, Name = "test bus" }.Start();
    }

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"raop-bus-{Guid.NewGuid():N}.sock");

    /// <summary>Methods that were called, and on which object.</summary>
    public Channel<(string Member, string Path)> Calls { get; } = Channel.CreateUnbounded<(string, string)>();

    /// <summary>Done before a call is answered.</summary>
    public Action<string>? Before { get; set; }

    public static byte[] Item(string name, int link = 2) => Items(name, link).UInt32(0).ToArray();

    /// <summary>The arguments of Found: a speaker at an IPv4 address.</summary>
    public static byte[] FoundItem(string name, string address = "10.0.0.9", int link = 2, params string[] txt)
    {
        DBusWriter writer = Items(name, link).String("one.local").Int32(0).String(address).Align(2).Byte(0x88).Byte(0x13); // 5000
        var strings = new DBusWriter();
        foreach (string one in txt) strings.UInt32((uint)one.Length).Bytes(Encoding.ASCII.GetBytes(one));
        return writer.UInt32((uint)strings.Count).Bytes(strings.ToArray()).UInt32(0).ToArray();
    }

    /// <summary>A signal as it goes over the wire.</summary>
    public byte[] SignalBytes(string sender, string member, byte[] body) => Message(DBusMessageType.Signal, sender, body, writer => Field(writer, 3, "s").String(member));

    public void Signal(string sender, string member, byte[] body) => Send(SignalBytes(sender, member, body));

    public void SetOwner(string before, string now) =>
        Signal(DBusConnection.Bus, "NameOwnerChanged", new DBusWriter().String("org.freedesktop.Avahi").String(before).String(now).ToArray());

    public void Send(byte[] bytes) => _output.Add(bytes);

    public void HangUp() => _client!.Shutdown(SocketShutdown.Both);

    public void Dispose()
    {
        _output.CompleteAdding();
        _listener.Dispose();
        _client?.Dispose();
        File.Delete(Path);
    }

    private static DBusWriter Items(string name, int link) => new DBusWriter().Int32(link).Int32(0).String(name).String(SpeakerTable.Raop).String("local");

    private static DBusWriter Field(DBusWriter writer, byte field, string type) => writer.Align(8).Byte(field).Signature(type);

    private byte[] Message(DBusMessageType type, string sender, byte[] body, Action<DBusWriter> fields)
    {
        var writer = new DBusWriter();
        writer.Byte((byte)'l').Byte((byte)type).Byte(0).Byte(1).UInt32((uint)body.Length).UInt32(Interlocked.Increment(ref _serial)).UInt32(0);
        fields(writer);
        Field(writer, 7, "s").String(sender);
        writer.SetUInt32(12, (uint)(writer.Count - DBusMessage.FixedLength));
        return writer.Align(8).Bytes(body).ToArray();
    }

    private void Serve()
    {
        try
        {
            _client = _listener.Accept();
            using var stream = new NetworkStream(_client);
            while (ReadLine(stream) is var line && !line.EndsWith("BEGIN", StringComparison.Ordinal))
                if (line.Contains("AUTH", StringComparison.Ordinal)) stream.Write("OK 0123456789\r\n"u8);
            new Thread(Write) { IsBackground = true, Name = "test bus, out" }.Start(_client);
            byte[] head = new byte[DBusMessage.FixedLength];
            while (true)
            {
                stream.ReadExactly(head);
                byte[] all = new byte[DBusMessage.LengthOf(head)];
                head.CopyTo(all, 0);
                stream.ReadExactly(all.AsSpan(head.Length));
                Answer(BitConverter.ToUInt32(all, 8), DBusMessage.Read(all)!);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // the test is over
        }
    }

    private void Write(object? client)
    {
        try
        {
            foreach (byte[] message in _output.GetConsumingEnumerable()) ((Socket)client!).Send(message);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // the test is over
        }
    }

    private void Answer(uint serial, DBusMessage call)
    {
        Before?.Invoke(call.MemberName);
        byte[] body = call.MemberName.EndsWith("New", StringComparison.Ordinal) ? new DBusWriter().String($"/Client1/{++_objects}").ToArray() : [];
        Send(Message(DBusMessageType.Return, call.MemberName is "Hello" or "AddMatch" ? DBusConnection.Bus : Avahi, body, writer => Field(writer, 5, "u").UInt32(serial)));
        Calls.Writer.TryWrite((call.MemberName, call.PathText));
    }

    private static string ReadLine(Stream stream)
    {
        var line = new StringBuilder();
        while (true)
        {
            int next = stream.ReadByte();
            if (next < 0) throw new EndOfStreamException();
            if (next == '\n') return line.ToString().TrimEnd('\r');
            line.Append((char)next);
        }
    }
}
