using Raop.Audio;

namespace Raop.Cli;

/// <summary>Shows what plays: a live line on a terminal, otherwise a line for each piece.</summary>
internal sealed class PlayDisplay
{
    private const int MeterCells = 8;
    private const double MeterRangeDb = 48;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100), RateWindow = TimeSpan.FromSeconds(5);

    private readonly IPlayer _player;
    private readonly PlayList _list;
    private readonly Reporter _reporter;
    private readonly Queue<(long Time, long Bytes)> _sent = new();
    private PlayTrack? _track;
    private string _name = "";

    public PlayDisplay(IPlayer player, PlayList list, Reporter reporter) => (_player, _list, _reporter) = (player, list, reporter);

    /// <summary>Shows until the music ends, however it ends.</summary>
    public async Task ShowAsync(Task playing)
    {
        using var timer = new PeriodicTimer(Interval, _reporter.Console.Time);
        while (!playing.IsCompleted)
        {
            Show(_player.Status);
            Task tick = timer.WaitForNextTickAsync().AsTask();
            await Task.WhenAny(tick, playing);
        }

        Show(_player.Status);
    }

    /// <summary>A line that fits the terminal: the name gives way first.</summary>
    /// <param name="name">What plays.</param>
    /// <param name="rest">What comes after it.</param>
    /// <param name="width">Columns.</param>
    internal static string Fit(string name, string rest, int width)
    {
        int room = width - 1 - Printable.Cells(rest); // a full last column makes terminals wrap
        if (room < 0) return Cut(rest, width - 1);
        return Printable.Cells(name) <= room ? name + rest : Cut(name, room - 1) + (room > 0 ? "…" : "") + rest;
    }

    /// <summary>A bar of the loudest sample, 48 dB wide.</summary>
    internal static string Meter(float peak, bool isUnicode)
    {
        double db = peak > 0 ? 20 * Math.Log10(peak) : double.NegativeInfinity;
        int full = (int)Math.Round(Math.Clamp(1 + (db / MeterRangeDb), 0, 1) * MeterCells);
        return new string(isUnicode ? '▮' : '#', full) + new string(isUnicode ? '▯' : '.', MeterCells - full);
    }

    private static string Cut(string text, int cells)
    {
        int length = Math.Clamp(4 * cells, 0, text.Length); // a stranger's title may be long, and this is drawn ten times a second
        while (length > 0 && Printable.Cells(text[..length]) > cells) length--;
        if (length > 0 && char.IsHighSurrogate(text[length - 1])) length--;
        return text[..length];
    }

    private void Show(PlayerStatus status)
    {
        if (!status.IsTaken) return; // nothing is playing before a speaker has taken something
        if (_list.Find(status.Source) is { } track)
        {
            if (track != _track) Begin(track);
            else if (track.Name != _name) SayName(track);
        }

        if (_reporter.IsLive && _track is not null) _reporter.Console.DrawLive(Line(status));
    }

    private void Begin(PlayTrack track)
    {
        _track = track;
        bool isMixed = track.Media.OriginalChannels > track.Media.Format.Channels;
        string? changed = PcmConverter.Describe(track.Media.Format);
        if (isMixed) changed = $"{track.Media.OriginalChannels} channels mixed to stereo{(changed is null ? "" : ", " + changed)}";
        _reporter.Tell(
            new TrackEvent(
                track.Input, Printable.Clean(track.Media.Title), Clean(track.Media.Artist), Clean(track.Media.Album), track.Media.FormatName,
                track.Length?.TotalSeconds, changed),
            Events.Default.TrackEvent);
        SayName(track);
        if (changed is not null) _reporter.Say($"{(isMixed || PcmConverter.ChangesSamples(track.Media.Format) ? "Samples are changed" : "Samples are kept")}: {changed}");
    }

    private void SayName(PlayTrack track)
    {
        _name = track.Name;
        string length = track.Length is { } time ? $", {TimeText.Format(time)}" : "";
        _reporter.Say($"Playing {track.Name} ({track.Media.FormatName}{length})");
    }

    private static string? Clean(string? text) => text is null ? null : Printable.Clean(text);

    private string Line(PlayerStatus status)
    {
        bool unicode = _reporter.Console.IsUnicode;
        string state = status.State == RaopSenderState.Paused ? (unicode ? "⏸ " : "| ") : (unicode ? "▶ " : "> ");
        string length = _track!.Length is { } all ? "/" + TimeText.Format(all) : "";
        string rest = $"  {TimeText.Format(status.Position)}{length}  {Meter(status.State == RaopSenderState.Paused ? 0 : status.Peak, unicode)}  {_player.Wire(Rate(status.BytesSent))}  vol {RaopVolume.ToPercent(_player.Volume):0}%";
        return state + Fit(_track.Name, rest, _reporter.Console.Width() - 2);
    }

    private string Rate(long bytes)
    {
        TimeProvider time = _reporter.Console.Time;
        long now = time.GetTimestamp();
        _sent.Enqueue((now, bytes));
        while (_sent.Count > 2 && time.GetElapsedTime(_sent.Peek().Time, now) > RateWindow) _sent.Dequeue();
        (long since, long before) = _sent.Peek();
        double seconds = time.GetElapsedTime(since, now).TotalSeconds;
        return seconds < 1 ? "…" : $"{(bytes - before) * 8 / seconds / 1000:0} kbit/s";
    }
}
