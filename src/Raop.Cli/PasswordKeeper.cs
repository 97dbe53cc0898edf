using System.Text;

namespace Raop.Cli;

/// <summary>
/// Finds the password of each speaker: the one that was given, the one that is remembered, or the one that is typed when a speaker asks.
/// </summary>
/// <param name="given">From the arguments or the environment, for every speaker that asks; or null.</param>
/// <param name="remember">Whether a password that a speaker took is kept.</param>
/// <param name="store">Where.</param>
/// <param name="console">Where is asked.</param>
/// <param name="mayAsk">Whether somebody is there to type.</param>
/// <param name="warn">Told that the store fails, once: what wants no password plays all the same.</param>
internal sealed class PasswordKeeper(string? given, bool remember, PasswordStore store, ToolConsole console, bool mayAsk, Action<RaopException>? warn = null)
{
    private const int MostTries = 3;
    private int _warned;
    private readonly SemaphoreSlim _asking = new(1); // speakers connect side by side, people type one thing at a time

    /// <summary>Connects with the password that the speaker wants.</summary>
    /// <param name="speaker">To whom.</param>
    /// <param name="connect">Connects with a password or null; fails with PasswordRequired or WrongPassword when another is needed.</param>
    /// <param name="stop">Stops asking.</param>
    /// <returns>What <paramref name="connect"/> returned.</returns>
    /// <exception cref="RaopException">What <paramref name="connect"/> failed with, when nobody can be asked or the tries are used up.</exception>
    public async Task<T> ConnectAsync<T>(RaopSpeaker speaker, Func<string?, Task<T>> connect, CancellationToken stop)
    {
        string? kept = given is null ? Find(speaker) : null, password = given ?? kept;
        for (int tries = 0; ; tries++)
        {
            try
            {
                T connected = await connect(password);
                if (remember && password is not null && password != kept) Keep(speaker, password);
                return connected;
            }
            catch (RaopException e) when (e.Error is RaopError.PasswordRequired or RaopError.WrongPassword && mayAsk && console.ReadKey is not null && tries < MostTries)
            {
                string why = e.Error == RaopError.PasswordRequired ? "" : kept is not null && password == kept ? "The remembered password is wrong. " : "Wrong password. ";
                password = await AskAsync($"{why}Password for {Printable.Clean(speaker.Name)}: ", stop);
                if (password.Length == 0) throw;
            }
        }
    }

    /// <summary>Typed without being shown; empty when nobody wants to.</summary>
    public static string Ask(ToolConsole console, Func<ConsoleKeyInfo> readKey, string prompt)
    {
        console.Error.Write(prompt);
        console.Error.Flush();
        var typed = new StringBuilder();
        while (readKey() is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Escape)
            {
                typed.Clear();
                break;
            }

            if (key.Key == ConsoleKey.Backspace) typed.Length = Math.Max(0, typed.Length - 1);
            else if (!char.IsControl(key.KeyChar)) typed.Append(key.KeyChar);
        }

        console.Error.WriteLine();
        return typed.ToString();
    }

    private string? Find(RaopSpeaker speaker)
    {
        try
        {
            return store.Find(speaker);
        }
        catch (RaopException e)
        {
            Warn(e);
            return null;
        }
    }

    private void Keep(RaopSpeaker speaker, string password)
    {
        try
        {
            store.Keep(speaker, password);
        }
        catch (RaopException e)
        {
            Warn(e);
        }
    }

    private void Warn(RaopException e)
    {
        if (Interlocked.Exchange(ref _warned, 1) == 0) warn?.Invoke(e);
    }

    private async Task<string> AskAsync(string prompt, CancellationToken stop)
    {
        await _asking.WaitAsync(stop);
        try
        {
            return await Task.Run(() => Ask(console, console.ReadKey!, prompt), stop).WaitAsync(stop);
        }
        finally
        {
            _asking.Release();
        }
    }
}
