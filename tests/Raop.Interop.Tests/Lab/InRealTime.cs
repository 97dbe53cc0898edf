namespace Raop.Interop.Tests.Lab;

/// <summary>Tests in which datagrams must come in time, to programs that do not forgive it: one after the other.</summary>
[CollectionDefinition(nameof(InRealTime), DisableParallelization = true)]
public sealed class InRealTime;
