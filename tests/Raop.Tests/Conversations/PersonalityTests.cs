using System.Net;
using Raop.Rtsp;
using Raop.Sending;
using Raop.Tests.Fakes;

namespace Raop.Tests.Conversations;

/// <summary>A whole conversation with each device of which something is known.</summary>
public sealed class PersonalityTests
{
    public static TheoryData<string> Playing => [.. Personalities.Known.Where(static p => p.Error is null).Select(static p => p.Name)];

    public static TheoryData<string> Refusing => [.. Personalities.Known.Where(static p => p.Error is not null).Select(static p => p.Name)];

    [Theory, MemberData(nameof(Playing))]
    public void Is_played_to_as_the_table_says(string name)
    {
        Personality personality = Personalities.Known.Single(p => p.Name == name);
        RaopSpeaker speaker = personality.Speaker(Stage.Address);
        SenderChoice choice = SenderChoice.Of(speaker, personality.Options);
        Assert.Equal(personality.Row, choice.Device.Name);
        var stage = new Stage();
        byte[] music = Music.Frames((int)(44_100 * personality.Seconds));
        stage.World.Run(async () =>
        {
            await using var device = new PersonalityReceiver(stage, personality);
            RaopReceiverInfo info;
            await using (RaopSender sender = await ConnectAsync(stage, speaker, personality.Options))
            {
                info = sender.Receiver;
                await sender.PlayAsync(new ArraySource(music));
            }

            await stage.WaitAsync(1);
            Assert.Equal((personality.Transport, personality.Codec, personality.Encrypted), (info.Transport, info.Codec, info.Encrypted));
            Assert.Equal((personality.Metadata, speaker.Model), (info.Metadata, info.Model));
            Assert.Equal(personality.Transport == RaopTransport.Tcp ? null : personality.Latency, info.Latency);
            Assert.Equal(personality.Password is not null, info.PasswordUsed);
            Assert.Equal(personality.Steps, Steps(device));
            Assert.Equal("TEARDOWN", device.Requests[^1].Method);
            if (Tries(personality) == 1) Assert.Equal((choice.Transport, choice.Codec, choice.Encryption == RaopEncryption.Rsa), (info.Transport, info.Codec, info.Encrypted));
            Assert.Equal(choice.Encryption == RaopEncryption.Rsa, device.Requests[0].Headers["Apple-Challenge"] is not null);
            Assert.Equal(music, device.Heard);
            if (personality.DropsAfter is { } limit) Assert.InRange(device.LongestSilence, 0, limit);
            IEnumerable<string> meanwhile = device.Requests.Select(static r => r.Method).SkipWhile(static m => m != "RECORD").Skip(1);
            Assert.Equal(personality.KeepAlive, string.Join(' ', meanwhile.Where(static m => m is not ("SET_PARAMETER" or "TEARDOWN"))));
        });

        // Of a handshake in one go the table alone decides.
        static int Tries(Personality personality) => personality.Steps.Split(' ').Count(static step => step == "ANNOUNCE");
    }

    [Theory, MemberData(nameof(Refusing))]
    public void Says_what_its_refusal_means(string name)
    {
        Personality personality = Personalities.Known.Single(p => p.Name == name);
        RaopSpeaker speaker = personality.Speaker(Stage.Address);
        Assert.Equal(personality.Row, DeviceTable.Find(speaker).Name);
        var stage = new Stage();
        stage.World.Run(async () =>
        {
            await using var device = new PersonalityReceiver(stage, personality);
            RaopException e = await Assert.ThrowsAsync<RaopException>(() => ConnectAsync(stage, speaker, personality.Options));
            Assert.Equal(personality.Error, e.Error);
            Assert.Contains(personality.Says, $"{e.Message} {e.Remedy}", StringComparison.Ordinal);
            Assert.Equal(personality.Steps, Steps(device));
            Assert.InRange(stage.World.Now.TotalSeconds, 0, personality.Within);
        });
    }

    [Fact]
    public void There_are_enough_of_them_and_every_row_of_the_table_has_one()
    {
        Assert.InRange(Personalities.Known.Count, 20, 1000);
        Assert.Equal(Personalities.Known.Count, Personalities.Known.Select(static p => p.Name).Distinct().Count());
        Assert.Equal(
            ["AirPort of another kind", "Raop"], // the latter is below
            DeviceTable.Rows.Select(static row => row.Name).Except(Personalities.Known.Select(static p => p.Row)).Order());
    }

    [Fact]
    public void Raop_itself_is_played_to_over_UDP_with_a_key()
    {
        var stage = new Stage();
        byte[] music = Music.Frames(44_100 * 2);
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            RaopSpeaker speaker = new Personality("Kitchen", "Raop", "am=Raop1,1 cn=0,1 et=0,1 ek=1 md=0,1,2 da=true tp=TCP,UDP vn=65537").Speaker(Stage.Address);
            await using (RaopSender sender = await ConnectAsync(stage, speaker))
            {
                Assert.Equal((RaopTransport.Udp, true, true), (sender.Receiver.Transport, sender.Receiver.Encrypted, sender.Receiver.HoldsAirPortKey));
                await sender.PlayAsync(new ArraySource(music));
            }

            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
        });
        Assert.Equal(music, stage.Sink.Pcm);
    }

    [Fact]
    public void A_device_that_is_silent_after_auth_setup_is_asked_again_without()
    {
        var stage = new Stage();
        var personality = new Personality("Amplifier", "anything else", "et=4 cn=0,1 tp=UDP vn=65537 am=DSP9") { AuthSetup = AuthSetupHabit.SilentAfter };
        byte[] music = Music.Frames(44_100);
        stage.World.Run(async () =>
        {
            await using var device = new PersonalityReceiver(stage, personality);
            device.ForgetsWith = "OPTIONS";
            await using RaopSender sender = await ConnectAsync(stage, personality.Speaker(Stage.Address));
            await sender.PlayAsync(new ArraySource(music));
            Assert.Equal("OPTIONS POST OPTIONS ANNOUNCE SETUP RECORD", Steps(device));
            Assert.Equal(music, device.Heard);
        });
    }

    [Theory]
    [InlineData("TCP,UDP", RaopTransport.Auto, null)]
    [InlineData("UDP", RaopTransport.Auto, RaopError.Timeout)]
    [InlineData("TCP,UDP", RaopTransport.Udp, RaopError.Timeout)]
    public void Silence_after_SETUP_leads_to_TCP_where_that_was_announced(string transports, RaopTransport asked, RaopError? error)
    {
        var stage = new Stage();
        var personality = new Personality("Odd", "anything else", $"et=0,1 cn=0,1 tp={transports} vn=65537 am=ODD") { Tcp = true, Key = KeyHabit.Takes };
        byte[] music = Music.Frames(44_100);
        stage.World.Run(async () =>
        {
            await using var device = new PersonalityReceiver(stage, personality) { IgnoresUdp = true };
            Task<RaopSender> connecting = ConnectAsync(stage, personality.Speaker(Stage.Address), new RaopSenderOptions { Transport = asked });
            if (error is not null)
            {
                Assert.Equal(error, (await Assert.ThrowsAsync<RaopException>(() => connecting)).Error);
                return;
            }

            await using RaopSender sender = await connecting;
            Assert.Equal(RaopTransport.Tcp, sender.Receiver.Transport);
            await sender.PlayAsync(new ArraySource(music));
            await stage.WaitAsync(1);
            Assert.Equal(music, device.Heard);
        });
    }

    [Theory]
    [InlineData("am=AudioAccessory5,1", "fd00::103 10.0.1.103", "10.0.1.103")]
    [InlineData("am=SP1", "fd00::103 10.0.1.103", "fd00::103")]
    [InlineData("am=SP1", "10.0.1.104 10.0.1.103", "10.0.1.103")] // nobody at the first
    public void Addresses_are_tried_in_the_order_that_suits_the_device(string model, string addresses, string expected)
    {
        var stage = new Stage();
        var personality = new Personality("Speaker", "", $"{model} et=0 cn=0,1 tp=UDP vn=65537");
        EndPoint[] endPoints = [.. addresses.Split(' ').Select(static a => new IPEndPoint(IPAddress.Parse(a), 5000))];
        stage.World.AddHost("somebody else", "10.0.1.104");
        stage.World.Run(async () =>
        {
            await using var device = new PersonalityReceiver(stage, personality);
            await using RaopSender sender = await ConnectAsync(stage, personality.Speaker(endPoints));
            Assert.Equal(IPAddress.Parse(expected), sender.Receiver.EndPoint.Address);
        });
    }

    [Fact]
    public void When_no_address_answers_the_first_ones_error_is_told()
    {
        var stage = new Stage();
        RaopSpeaker speaker = new Personality("Speaker", "", "et=0 tp=UDP").Speaker(Stage.Address, new IPEndPoint(IPAddress.Parse("10.9.9.9"), 5000));
        stage.World.Run(async () => Assert.Equal(RaopError.Refused, (await Assert.ThrowsAsync<RaopException>(() => ConnectAsync(stage, speaker))).Error));
    }

    private static Task<RaopSender> ConnectAsync(Stage stage, RaopSpeaker speaker, RaopSenderOptions? options = null) => RaopSender.ConnectAsync(
        stage.SenderHost.Network, speaker, (options ?? new RaopSenderOptions()) with { TimeProvider = stage.SenderHost.Clock }, CancellationToken.None);

    /// <summary>The requests of the handshake.</summary>
    private static string Steps(PersonalityReceiver device)
    {
        int end = device.Requests.ToList().FindLastIndex(static r => r.Method is "RECORD");
        IEnumerable<RtspRequest> requests = end < 0 ? device.Requests : device.Requests.Take(end + 1);
        return string.Join(' ', requests.Select(static r => r.Method));
    }
}
