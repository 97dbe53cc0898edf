using System.Text;
using Microsoft.Extensions.Logging;
using Raop.Network;

namespace Raop.Discovery;

/// <summary>A connection to the system bus. A thread reads; from any thread calls are sent.</summary>
internal sealed class DBusConnection : IDisposable
{
    /// <summary>The bus itself, as a program on it.</summary>
    public const string Bus = "org.freedesktop.DBus", BusPath = "/org/freedesktop/DBus";

    private const string SystemBus = "/run/dbus/system_bus_socket";
    private const int GreetingMilliseconds = 2000, MostLine = 512;

    private readonly Stream _stream;
    private readonly ILogger _log;
    private readonly Lock _lock = new();
    private readonly Dictionary<uint, Action<DBusMessage>> _replies = [];
    private byte[] _buffer = new byte[4096];
    private int _filled;
    private uint _serial;
    private volatile bool _disposed;

    private DBusConnection(Stream stream, ILogger log) => (_stream, _log) = (stream, log);

    /// <summary>Gets every signal; set before <see cref="Start"/>.</summary>
    public Action<DBusMessage>? Signal { get; set; }

    /// <summary>Told when the connection ends without being disposed.</summary>
    public Action? Lost { get; set; }

    /// <summary>Where the system bus is, by DBUS_SYSTEM_BUS_ADDRESS or as usual.</summary>
    public static string Address(string? variable)
    {
        foreach (string address in (variable ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!address.StartsWith("unix:", StringComparison.Ordinal)) continue;
            foreach (string pair in address[5..].Split(','))
            {
                if (pair.StartsWith("path=", StringComparison.Ordinal)) return Uri.UnescapeDataString(pair[5..]);
                if (pair.StartsWith("abstract=", StringComparison.Ordinal)) return "\0" + Uri.UnescapeDataString(pair[9..]);
            }
        }

        return SystemBus;
    }

    /// <summary>Connects and says who we are.</summary>
    /// <exception cref="IOException">There is no bus, or it does not want us.</exception>
    public static DBusConnection Open(string path, ILogger log)
    {
        Stream stream = LocalStream.Connect(path);
        try
        {
            stream.ReadTimeout = GreetingMilliseconds;
            var connection = new DBusConnection(stream, log);
            connection.Greet();
            connection.Ask(Bus, BusPath, Bus, "Hello", "", []);
            return connection;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Calls and waits; only before <see cref="Start"/>.</summary>
    /// <exception cref="IOException">No answer, or an error.</exception>
    public DBusMessage Ask(string destination, string path, string type, string member, string signature, ReadOnlySpan<byte> body)
    {
        uint serial = Send(destination, path, type, member, signature, body, reply: null);
        while (true)
        {
            DBusMessage message = Read();
            if (message.ReplyTo != serial) continue;
            return message.Type == DBusMessageType.Return ? message : throw new IOException($"{destination} answers {message.Error}.");
        }
    }

    /// <summary>Begins to read for good.</summary>
    public void Start()
    {
        _stream.ReadTimeout = Timeout.Infinite;
        new Thread(Run) { IsBackground = true, Name = "D-Bus" }.Start();
    }

    /// <summary>Calls.</summary>
    /// <param name="destination">The program's name on the bus.</param>
    /// <param name="path">The object.</param>
    /// <param name="type">The interface.</param>
    /// <param name="member">The method.</param>
    /// <param name="signature">Types of the arguments.</param>
    /// <param name="body">The arguments.</param>
    /// <param name="reply">Gets the answer or the error; may be null.</param>
    /// <returns>The call's number.</returns>
    /// <exception cref="IOException">The connection has ended; <see cref="Lost"/> tells it as well.</exception>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public uint Send(string destination, string path, string type, string member, string signature, ReadOnlySpan<byte> body, Action<DBusMessage>? reply)
    {
        lock (_lock)
        {
            uint serial = ++_serial;
            if (reply is not null) _replies.Add(serial, reply);
            _stream.Write(DBusMessage.Call(serial, destination, path, type, member, signature, body));
            return serial;
        }
    }

    public void Dispose()
    {
        _disposed = true;
        _stream.Dispose();
    }

    private void Run()
    {
        try
        {
            while (true)
            {
                DBusMessage message = Read();
                Action<DBusMessage>? reply = null;
                if (message.ReplyTo != 0)
                {
                    lock (_lock) _replies.Remove(message.ReplyTo, out reply);
                }

                if (message.Type == DBusMessageType.Signal) Signal?.Invoke(message);
                else reply?.Invoke(message);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            if (!_disposed) Lost?.Invoke();
        }
        catch (Exception e)
        {
            _log.ListenerFailed(e);
        }
    }

    /// <summary>The bus takes our word from the socket's credentials (D-Bus specification, "Authentication Protocol").</summary>
    private void Greet()
    {
        Write("\0AUTH EXTERNAL\r\n");
        string line = ReadLine();
        if (line.StartsWith("DATA", StringComparison.Ordinal))
        {
            Write("DATA\r\n");
            line = ReadLine();
        }

        if (!line.StartsWith("OK", StringComparison.Ordinal)) throw new IOException("The system bus does not let us in.");
        Write("BEGIN\r\n");
    }

    private void Write(string text) => _stream.Write(Encoding.ASCII.GetBytes(text));

    private string ReadLine()
    {
        var line = new StringBuilder();
        while (line.Length < MostLine)
        {
            int next = _stream.ReadByte();
            if (next < 0) throw new EndOfStreamException("The system bus hung up.");
            if (next == '\n') return line.ToString().TrimEnd('\r');
            line.Append((char)next);
        }

        throw new IOException("The system bus talks nonsense.");
    }

    private DBusMessage Read()
    {
        while (true)
        {
            int length = DBusMessage.LengthOf(_buffer.AsSpan(0, _filled));
            if (length < 0) throw new IOException("The system bus talks nonsense.");
            if (length > 0 && _filled >= length)
            {
                DBusMessage? message = DBusMessage.Read(_buffer.AsSpan(0, length).ToArray());
                _buffer.AsSpan(length, _filled - length).CopyTo(_buffer);
                _filled -= length;
                if (message is not null) return message;
                continue;
            }

            if (_buffer.Length < Math.Max(length, _filled + 1)) Array.Resize(ref _buffer, Math.Max(length, _filled * 2));
            int count = _stream.Read(_buffer.AsSpan(_filled));
            if (count == 0) throw new EndOfStreamException("The system bus hung up.");
            _filled += count;
        }
    }
}
