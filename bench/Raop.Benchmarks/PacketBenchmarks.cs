using BenchmarkDotNet.Attributes;
using Raop.Rtp;
using Raop.Security;

namespace Raop.Benchmarks;

/// <summary>One packet: its encryption and its header.</summary>
[MemoryDiagnoser]
public class PacketBenchmarks : IDisposable
{
    private readonly PacketCipher _cipher = new(new byte[16], new byte[16]);
    private readonly byte[] _payload = new byte[1408];
    private readonly byte[] _header = new byte[RtpHeader.Size];
    private ushort _sequence;

    [Benchmark]
    public void EncryptAes() => _cipher.Encrypt(_payload);

    [Benchmark]
    public void DecryptAes() => _cipher.Decrypt(_payload);

    [Benchmark]
    public void WriteRtpHeader()
    {
        _sequence++;
        new RtpHeader(false, RtpHeader.Audio, _sequence, _sequence * 352u, 1).WriteTo(_header);
    }

    [Benchmark]
    public uint ReadRtpHeader() => RtpHeader.TryParse(_header, out RtpHeader header) ? header.Timestamp : 0;

    [GlobalSetup]
    public void Setup() => WriteRtpHeader();

    [GlobalCleanup]
    public void Dispose()
    {
        _cipher.Dispose();
        GC.SuppressFinalize(this);
    }
}
