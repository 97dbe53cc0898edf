namespace Alac.Encoding;

/// <summary>Counts the bits that would be written.</summary>
internal struct BitCounter : IBitSink
{
    public int Bits { get; private set; }

    public void Write(uint value, int count) => Bits += count;
}
