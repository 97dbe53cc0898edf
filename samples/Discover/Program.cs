// Lists the speakers on the network, then says what appears, changes and goes until Enter.
//   dotnet run --project samples/Discover
using Raop;

try
{
    IReadOnlyList<RaopSpeaker> speakers = await RaopBrowser.FindAllAsync(TimeSpan.FromSeconds(1));
    foreach (RaopSpeaker speaker in speakers)
        Console.WriteLine($"{speaker.Name}\t{speaker.EndPoints[0]}\t{speaker.Model}\t{(speaker.RequiresPassword ? "password" : "")}");

    await using RaopBrowser browser = RaopBrowser.Start(onChange: change => Console.WriteLine($"{change.Kind}: {change.Speaker.Name}"));
    string asked = browser.Interfaces is [] ? "no network interface is up" : $"asked on {string.Join(", ", browser.Interfaces)}";
    Console.WriteLine($"{speakers.Count} found, {asked}. Enter ends it.");
    await Console.In.ReadLineAsync();
    return 0;
}
catch (RaopException e)
{
    Console.Error.WriteLine($"{e.Error}: {e.Message} {e.Remedy}");
    return 1;
}
