using Raop.Network;
using Raop.Tests.Network;

namespace Raop.Tests.Simulation;

/// <summary>The simulated network keeps the real one's contract.</summary>
public sealed class SimulatedNetworkTests : NetworkContract
{
    private SimulatedWorld _world = new();

    private protected override Task RunAsync(Func<INetwork, Task> test)
    {
        _world = new SimulatedWorld();
        SimulatedHost host = _world.AddHost("host", "10.0.0.1", "fd00::1");
        _world.Run(() => test(host.Network));
        return Task.CompletedTask;
    }

    private protected override Task QuietAsync() => Task.Delay(TimeSpan.FromSeconds(1), _world.Clock);
}
