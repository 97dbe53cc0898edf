using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;
using Raop.Benchmarks;

// dotnet run -c Release --project bench/Raop.Benchmarks -- --filter '*Decode*' --job short
ManualConfig config = ManualConfig.Create(DefaultConfig.Instance);
config.BuildTimeout = TimeSpan.FromMinutes(15); // each run builds the libraries once more, on a busy machine in more than the two minutes it is given
config.ArtifactsPath = Path.Combine(Material.Root, "artifacts", "benchmarks");
BenchmarkSwitcher.FromAssembly(typeof(AlacBenchmarks).Assembly).Run(args, config);
