namespace Raop.Media.Input.Flac;

/// <summary>The two checksums of FLAC frames (RFC 9639 sections 9.1.8 and 9.3): most significant bit first, starting from zero.</summary>
internal static class FlacCrc
{
    private static readonly byte[] Table8 = BuildTable8();

    /// <summary>Eight tables, so that eight bytes are taken at once: entry k holds a byte followed by k zero bytes.</summary>
    private static readonly ushort[][] Tables16 = BuildTables16();

    /// <summary>x⁸ + x² + x + 1, over a frame's header.</summary>
    public static byte Crc8(ReadOnlySpan<byte> bytes)
    {
        byte crc = 0;
        foreach (byte b in bytes) crc = Table8[crc ^ b];
        return crc;
    }

    /// <summary>x¹⁶ + x¹⁵ + x² + 1, over a whole frame.</summary>
    public static ushort Crc16(ReadOnlySpan<byte> bytes)
    {
        uint crc = 0;
        ushort[][] t = Tables16;
        while (bytes.Length >= 8)
        {
            crc = (uint)(t[7][bytes[0] ^ (crc >> 8)] ^ t[6][bytes[1] ^ (crc & 0xFF)] ^ t[5][bytes[2]] ^ t[4][bytes[3]]
                ^ t[3][bytes[4]] ^ t[2][bytes[5]] ^ t[1][bytes[6]] ^ t[0][bytes[7]]);
            bytes = bytes[8..];
        }

        foreach (byte b in bytes) crc = ((crc << 8) & 0xFFFF) ^ t[0][(crc >> 8) ^ b];
        return (ushort)crc;
    }

    private static byte[] BuildTable8()
    {
        var table = new byte[256];
        for (int i = 0; i < 256; i++)
        {
            int crc = i;
            for (int bit = 0; bit < 8; bit++) crc = (crc << 1) ^ ((crc & 0x80) != 0 ? 0x107 : 0);
            table[i] = (byte)crc;
        }

        return table;
    }

    private static ushort[][] BuildTables16()
    {
        var tables = new ushort[8][];
        for (int k = 0; k < 8; k++) tables[k] = new ushort[256];
        for (int i = 0; i < 256; i++)
        {
            int crc = i << 8;
            for (int bit = 0; bit < 8; bit++) crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? 0x18005 : 0);
            tables[0][i] = (ushort)crc;
        }

        for (int k = 1; k < 8; k++)
        {
            for (int i = 0; i < 256; i++) tables[k][i] = (ushort)((tables[k - 1][i] << 8) ^ tables[0][tables[k - 1][i] >> 8]);
        }

        return tables;
    }
}
