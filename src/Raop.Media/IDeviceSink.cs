using Raop.Audio;

namespace Raop.Media;

/// <summary>A sink that is a sound device.</summary>
public interface IDeviceSink : IPcmSink
{
    /// <summary>What people call the device.</summary>
    string Device { get; }

    /// <summary>How often the device ran out of frames in mid-stream since the sink was opened; a pause counts once.</summary>
    long Underruns { get; }
}
