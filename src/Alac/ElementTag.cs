namespace Alac;

/// <summary>The three bits that begin an element of a packet.</summary>
internal enum ElementTag
{
    SingleChannel = 0,
    ChannelPair = 1,
    LowFrequency = 3,
    Data = 4,
    Fill = 6,
    End = 7,
}
