// Real programs that mostly wait for music to be over, each test in a network of its own: two at a time on two cores.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.Collections, MaxThreads = 2)]
