namespace Alac.Encoding;

/// <summary>Takes bits: writes them, or only counts them.</summary>
internal interface IBitSink
{
    /// <summary>Takes the low <paramref name="count"/> bits, 0 to 32, of a value whose other bits are zero.</summary>
    void Write(uint value, int count);
}
