using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Raop.Apps.Tests.Media.Output;

/// <summary>
/// Gives the test process an ALSA of its own, whatever cards the machine has: nothing, a file, a PulseAudio server by
/// ALSA's plugin, and no default device. Set before any thread may read the environment; .NET's own
/// <see cref="Environment.SetEnvironmentVariable(string, string)"/> does not reach native libraries.
/// </summary>
internal static partial class AlsaConfiguration
{
    private const string Text = """
        pcm.nothing { type null hint { show on description "Nothing at all" } }
        pcm.tofile { @args [ FILE ] @args.FILE { type string } type file file $FILE format raw slave.pcm nothing }
        pcm.topulse { @args [ SERVER ] @args.SERVER { type string } type pulse server $SERVER }
        """;

    [ModuleInitializer]
    internal static void Install()
    {
        if (!OperatingSystem.IsLinux()) return;
        string path = Path.Combine(Path.GetTempPath(), $"raop-asound-{Environment.ProcessId}.conf");
        File.WriteAllText(path, Text);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.Delete(path);
        _ = SetVariable("ALSA_CONFIG_PATH", path, 1);
    }

    /// <summary>Skips the test unless ALSA's library is there.</summary>
    public static void Require() => Assert.SkipUnless(NativeLibrary.TryLoad("libasound.so.2", out _), "needs libasound2");

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
