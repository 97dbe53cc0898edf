using System.Buffers.Binary;
using Raop.Discovery;

namespace Raop.Tests.Discovery;

/// <summary>What the bus may send that it should not.</summary>
public sealed class DBusMessageTests
{
    private static readonly byte[][] Messages = Make();

    [Fact]
    public void A_call_is_read_as_it_was_written()
    {
        byte[] bytes = DBusMessage.Call(7, "org.example", "/object", "org.example.Type", "Do", "s", new DBusWriter().String("text").ToArray());
        Assert.Equal(bytes.Length, DBusMessage.LengthOf(bytes));
        DBusMessage? call = DBusMessage.Read(bytes);
        Assert.NotNull(call);
        Assert.Equal((DBusMessageType.Call, "/object", "Do", "s"), (call.Type, call.PathText, call.MemberName, call.Signature));
        Assert.Equal("text", new DBusReader(call.Body.Span).String());
    }

    [Fact]
    public void A_message_without_its_end_is_none()
    {
        foreach (byte[] whole in Messages)
        {
            Assert.NotNull(DBusMessage.Read(whole));
            for (int length = 0; length < whole.Length; length++) Assert.Null(DBusMessage.Read(whole.AsMemory(0, length)));
        }
    }

    [Fact]
    public void What_follows_a_message_does_not_belong_to_it()
    {
        foreach (byte[] whole in Messages) Assert.Equal(DBusMessage.Read(whole)!.Body.Length, DBusMessage.Read((byte[])[.. whole, 1, 2, 3])!.Body.Length);
    }

    [Fact]
    public void Any_bit_may_be_wrong()
    {
        foreach (byte[] whole in Messages)
        {
            for (int bit = 0; bit < whole.Length * 8; bit++)
            {
                byte[] flipped = [.. whole];
                flipped[bit / 8] ^= (byte)(1 << (bit % 8));
                Read(flipped);
            }
        }
    }

    [Fact]
    public void Any_bytes_may_come()
    {
        int seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (int i = 0; i < 100_000; i++)
        {
            byte[] bytes = [.. Messages[random.Next(Messages.Length)]];
            for (int k = random.Next(1, 12); k > 0; k--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (random.Next(4) == 0) BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(random.Next(4) == 0 ? 4 : 12), (uint)random.NextInt64(1L << random.Next(33)));
            Read(bytes);
            random.NextBytes(bytes);
            (bytes[0], bytes[3]) = ((byte)'l', 1);
            Read(bytes);
        }
    }

    [Theory]
    [InlineData(uint.MaxValue, 0)]
    [InlineData(0, uint.MaxValue)]
    [InlineData(int.MaxValue, int.MaxValue)]
    [InlineData(DBusMessage.MaxLength, DBusMessage.MaxLength)]
    [InlineData(DBusMessage.MaxLength, 0)]
    [InlineData(0, DBusMessage.MaxLength)]
    public void A_length_beyond_the_limit_is_refused(uint body, uint fields)
    {
        byte[] head = [(byte)'l', 4, 0, 1, .. BitConverter.GetBytes(body), 1, 0, 0, 0, .. BitConverter.GetBytes(fields)];
        Assert.Equal(-1, DBusMessage.LengthOf(head));
        Assert.Null(DBusMessage.Read(head));
    }

    /// <summary>Nothing is thrown, whatever a receiver reads from it; and nothing is read that is not there.</summary>
    private static void Read(byte[] bytes)
    {
        int length = DBusMessage.LengthOf(bytes);
        Assert.InRange(length, -1, DBusMessage.MaxLength);
        if (DBusMessage.Read(bytes) is not { } message) return;
        Assert.InRange(length, DBusMessage.FixedLength, bytes.Length);
        Assert.InRange(message.Body.Length, 0, length - DBusMessage.FixedLength);
        var reader = new DBusReader(message.Body.Span);
        for (int i = 0; i < 100; i++)
        {
            int at = reader.At;
            switch (i % 7)
            {
                case 0: reader.Int32(); break;
                case 1: reader.String(); break;
                case 2: reader.UInt16(); break;
                case 3: Assert.InRange(reader.Array().Length, 0, message.Body.Length); break;
                case 4: reader.Signature(); break;
                case 5: reader.Align(8); break;
                default: reader.Byte(); break;
            }

            Assert.InRange(reader.At, at, message.Body.Length);
        }

        Assert.True(reader.IsBroken || message.Body.Length >= 100);
    }

    private static byte[][] Make()
    {
        using var bus = new TestBus();
        return
        [
            bus.SignalBytes(TestBus.Avahi, TestBus.Found, TestBus.FoundItem("001122334455@Kitchen", txt: ["txtvers=1", "cn=0,1", "pw=false"])),
            bus.SignalBytes(TestBus.Avahi, TestBus.ItemNew, TestBus.Item("001122334455@Kitchen")),
            DBusMessage.Call(3, "org.freedesktop.Avahi", "/", "org.freedesktop.Avahi.Server", "GetVersionString", "", []),
        ];
    }
}
