namespace Raop.Apps.Tests.Media.Input;

/// <summary>Damage of the kinds that break parsers.</summary>
internal static class Mutation
{
    private static readonly byte[] Nasty = [0, 1, 0x7F, 0x80, 0xFE, 0xFF];

    public static byte[] Of(byte[] file, Random random)
    {
        byte[] mutant = [.. file];
        for (int i = random.Next(1, 5); i > 0; i--)
        {
            int at = random.Next(3) == 0 ? random.Next(mutant.Length) : random.Next(Math.Min(mutant.Length, 128)); // headers more often
            switch (random.Next(5))
            {
                case 0:
                    mutant[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    mutant[at] = Nasty[random.Next(Nasty.Length)];
                    break;
                case 2:
                    mutant.AsSpan(at, Math.Min(4, mutant.Length - at)).Fill(Nasty[random.Next(Nasty.Length)]);
                    break;
                case 3:
                    mutant = [.. mutant.AsSpan(0, at), .. mutant.AsSpan(Math.Min(mutant.Length, at + random.Next(1, 20)))];
                    break;
                default:
                    mutant = [.. mutant.AsSpan(0, at), .. mutant.AsSpan(random.Next(mutant.Length)).ToArray().Take(random.Next(1, 40)), .. mutant.AsSpan(at)];
                    break;
            }

            if (mutant.Length == 0) return mutant;
        }

        return mutant;
    }
}
