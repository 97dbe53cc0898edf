namespace Raop.Media.Input.Tags;

/// <summary>Genres by number, in ID3 and MP4.</summary>
/// <remarks>0 to 79 are ID3v1's, the rest Winamp's, which everybody took over.</remarks>
internal static class Id3Genre
{
    private static readonly string[] Names =
    [
        "Blues", "Classic Rock", "Country", "Dance", "Disco", "Funk", "Grunge", "Hip-Hop", "Jazz", "Metal",
        "New Age", "Oldies", "Other", "Pop", "R&B", "Rap", "Reggae", "Rock", "Techno", "Industrial",
        "Alternative", "Ska", "Death Metal", "Pranks", "Soundtrack", "Euro-Techno", "Ambient", "Trip-Hop", "Vocal", "Jazz+Funk",
        "Fusion", "Trance", "Classical", "Instrumental", "Acid", "House", "Game", "Sound Clip", "Gospel", "Noise",
        "Alternative Rock", "Bass", "Soul", "Punk", "Space", "Meditative", "Instrumental Pop", "Instrumental Rock", "Ethnic", "Gothic",
        "Darkwave", "Techno-Industrial", "Electronic", "Pop-Folk", "Eurodance", "Dream", "Southern Rock", "Comedy", "Cult", "Gangsta",
        "Top 40", "Christian Rap", "Pop/Funk", "Jungle", "Native American", "Cabaret", "New Wave", "Psychedelic", "Rave", "Showtunes",
        "Trailer", "Lo-Fi", "Tribal", "Acid Punk", "Acid Jazz", "Polka", "Retro", "Musical", "Rock & Roll", "Hard Rock",
        "Folk", "Folk-Rock", "National Folk", "Swing", "Fast Fusion", "Bebop", "Latin", "Revival", "Celtic", "Bluegrass",
        "Avantgarde", "Gothic Rock", "Progressive Rock", "Psychedelic Rock", "Symphonic Rock", "Slow Rock", "Big Band", "Chorus", "Easy Listening", "Acoustic",
        "Humour", "Speech", "Chanson", "Opera", "Chamber Music", "Sonata", "Symphony", "Booty Bass", "Primus", "Porn Groove",
        "Satire", "Slow Jam", "Club", "Tango", "Samba", "Folklore", "Ballad", "Power Ballad", "Rhythmic Soul", "Freestyle",
        "Duet", "Punk Rock", "Drum Solo", "A Cappella", "Euro-House", "Dance Hall", "Goa", "Drum & Bass", "Club-House", "Hardcore",
        "Terror", "Indie", "BritPop", "Afro-Punk", "Polsk Punk", "Beat", "Christian Gangsta Rap", "Heavy Metal", "Black Metal", "Crossover",
        "Contemporary Christian", "Christian Rock", "Merengue", "Salsa", "Thrash Metal", "Anime", "JPop", "Synthpop", "Abstract", "Art Rock",
        "Baroque", "Bhangra", "Big Beat", "Breakbeat", "Chillout", "Downtempo", "Dub", "EBM", "Eclectic", "Electro",
        "Electroclash", "Emo", "Experimental", "Garage", "Global", "IDM", "Illbient", "Industro-Goth", "Jam Band", "Krautrock",
        "Leftfield", "Lounge", "Math Rock", "New Romantic", "Nu-Breakz", "Post-Punk", "Post-Rock", "Psytrance", "Shoegaze", "Space Rock",
        "Trop Rock", "World Music", "Neoclassical", "Audiobook", "Audio Theatre", "Neue Deutsche Welle", "Podcast", "Indie Rock", "G-Funk", "Dubstep",
        "Garage Rock", "Psybient",
    ];

    /// <summary>A genre's name, or null when there is none of that number.</summary>
    public static string? Name(int number) => (uint)number < (uint)Names.Length ? Names[number] : null;

    /// <summary>What a text of ID3v2 means: "17", "(17)", "(4)Eurodisco" (the refinement), "((sic", "Rock".</summary>
    public static string? Parse(string text)
    {
        text = text.Trim();
        if (text.StartsWith("((", StringComparison.Ordinal)) return text[1..];
        if (text.StartsWith('(') && text.IndexOf(')', StringComparison.Ordinal) is var end and > 1)
        {
            string rest = text[(end + 1)..];
            if (Coded(text[1..end]) is { } name) return rest.Length == 0 || (rest[0] == '(' && !rest.StartsWith("((", StringComparison.Ordinal)) ? name : rest.Replace("((", "(", StringComparison.Ordinal);
        }

        return Coded(text) ?? (text.Length > 0 && text.All(char.IsAsciiDigit) ? null : text);
    }

    private static string? Coded(string code) => code switch
    {
        "RX" => "Remix",
        "CR" => "Cover",
        _ when code.Length is > 0 and <= 3 && code.All(char.IsAsciiDigit) => Name(int.Parse(code)),
        _ => null,
    };
}
