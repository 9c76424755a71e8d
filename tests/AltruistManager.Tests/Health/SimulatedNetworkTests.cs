using AltruistManager.Health;

namespace AltruistManager.Tests.Health;

/// <summary>Properties over random networks; a failure names its seed.</summary>
public sealed class SimulatedNetworkTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 25)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_fast_chain_at_a_slow_sweep_has_no_false_verdict(int seed)
    {
        var draw = new Random(seed);
        // The configured block time is right, unknown, or that of another chain.
        var configured = new[] { 0.05, 0.25, 2, 12 }[draw.Next(4)];
        var network = new SimulatedNetwork(seed, NetworkRules.Default with { SeedBlockTimeSeconds = configured }) { MaxLatencySeconds = 0.1 + draw.NextDouble() * 4 };
        network.Produce(3600, _ => 0.05);
        AddHonest(network, 3 + draw.Next(8), maxDelay: 1);
        network.Run(3600);

        AssertNeverFell(network, network.Nodes, seed);
        Assert.InRange(network.Trace.BlockTime(NetworkRules.Default), 0.045, 0.055);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Irregular_blocks_have_no_false_verdict(int seed)
    {
        var draw = new Random(seed);
        var pace = Math.Exp(draw.NextDouble() * Math.Log(60 / 0.2)) * 0.2;
        var network = new SimulatedNetwork(seed, NetworkRules.Default with { SeedBlockTimeSeconds = pace * Math.Exp(draw.NextDouble() * 4 - 2) });
        // As with proof of work: the pause is exponential.
        network.Produce(7200, _ => -pace * Math.Log(1 - network.Random.NextDouble()));
        AddHonest(network, 3 + draw.Next(6), maxDelay: Math.Min(1, pace));
        network.Run(7200);

        AssertNeverFell(network, network.Nodes, seed);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Halts_and_resumptions_evict_nobody(int seed)
    {
        var draw = new Random(seed);
        var pace = new[] { 0.25, 2, 12 }[draw.Next(3)];
        var halt = 1000 + draw.Next(3000);
        var length = 100 + draw.Next(4000);
        var network = new SimulatedNetwork(seed, NetworkRules.Default with { SeedBlockTimeSeconds = pace });
        network.Produce(9000, at => at < halt && at + pace >= halt ? length : pace);
        AddHonest(network, 3 + draw.Next(6), maxDelay: Math.Min(1, pace));
        network.Run(9000);

        AssertNeverFell(network, network.Nodes, seed);
        Assert.False(network.Trace.Halted);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void The_honest_stay_and_the_faulty_go_whatever_the_minority_does(int seed)
    {
        var draw = new Random(seed);
        var pace = new[] { 0.05, 0.25, 2, 12 }[draw.Next(4)];
        var network = new SimulatedNetwork(seed, NetworkRules.Default with { SeedBlockTimeSeconds = pace * (draw.Next(3) == 0 ? 10 : 1) });
        network.Produce(5400, _ => pace);
        var honest = AddHonest(network, 3 + draw.Next(5), maxDelay: Math.Min(1, pace));
        var tolerance = NetworkRules.Default.ToleranceSeconds(pace);
        var faulty = Enumerable.Range(0, 1 + draw.Next(honest.Count - 1)).Select(nth =>
        {
            var from = 900 + draw.Next(900);
            var size = tolerance * (2 + draw.NextDouble() * 50);
            Func<double, (long, double)?> shows = draw.Next(5) switch
            {
                0 => at => network.Head(at < from ? at : Math.Max(at - size, -1000)),
                1 => at => network.Head(Math.Min(at, from)),
                2 => at => at < from ? network.Head(at) : (network.Head(at).Height + 1_000_000_000, at),
                3 => at => at < from ? network.Head(at) : (network.Head(at).Height + (long)(20 * tolerance / pace) + 100_000, at - 5000),
                _ => at => at < from ? network.Head(at) : null,
            };
            var node = new SimulatedNetwork.Node { Name = $"faulty{nth}", Provider = $"faulty{nth}", Shows = shows, Hot = draw.Next(3) == 0 };
            network.Add(node);
            return node;
        }).ToList();
        network.Run(5400);

        AssertNeverFell(network, honest, seed);
        Assert.All(faulty, node => Assert.True(
            node.State is VerdictState.Lagging or VerdictState.Stale or VerdictState.Down,
            $"seed {seed}: {node.Name} is {node.State}; {string.Join("; ", node.History)}"));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_stuck_majority_goes_and_the_movers_stay(int seed)
    {
        var draw = new Random(seed);
        var pace = new[] { 0.25, 2, 12 }[draw.Next(3)];
        var network = new SimulatedNetwork(seed, NetworkRules.Default with { SeedBlockTimeSeconds = pace });
        network.Produce(5400, _ => pace);
        var movers = AddHonest(network, 2, maxDelay: Math.Min(1, pace));
        var from = draw.Next(2000);
        for (var nth = 0; nth < 3 + draw.Next(3); nth++)
            network.Add(new SimulatedNetwork.Node { Name = $"stuck{nth}", Provider = $"stuck{nth}", Shows = at => network.Head(Math.Min(at, from)), Hot = nth == 0 });
        network.Run(5400);

        AssertNeverFell(network, movers, seed);
        Assert.All(network.Nodes.Except(movers), node => Assert.True(node.State is VerdictState.Stale or VerdictState.Lagging, $"seed {seed}: {node.Name} is {node.State}"));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Several_nodes_of_unlike_height_behind_one_url_evict_nobody_else(int seed)
    {
        var network = new SimulatedNetwork(seed, NetworkRules.Default);
        network.Produce(5400, _ => 12);
        var honest = AddHonest(network, 4, maxDelay: 1);
        var balancer = new SimulatedNetwork.Node { Name = "balancer", Provider = "balancer", Hot = true, Shows = at => network.Head(network.Random.Next(2) == 0 ? at : at - 1200) };
        var careless = new SimulatedNetwork.Node { Name = "careless", Provider = "careless", Hot = true, Shows = at => network.Head(network.Random.Next(20) != 0 ? at : at - 1200) };
        network.Add(balancer);
        network.Add(careless);
        network.Run(5400);

        AssertNeverFell(network, honest, seed);
        // Itself it is behind as often as it shows that, and out for nothing else; where that is seldom it stays.
        Assert.Empty(balancer.History.Select(entry => entry.State).Except([VerdictState.Unknown, VerdictState.Healthy, VerdictState.Failing, VerdictState.Lagging]));
        Assert.Contains(VerdictState.Failing, careless.History.Select(entry => entry.State));
        Assert.Equal(VerdictState.Healthy, careless.History[0].State);
        Assert.True(
            careless.History.Count(entry => entry.State is not (VerdictState.Healthy or VerdictState.Failing)) <= 1,
            $"seed {seed}: {string.Join("; ", careless.History)}");
    }

    private static List<SimulatedNetwork.Node> AddHonest(SimulatedNetwork network, int count, double maxDelay)
    {
        var honest = Enumerable.Range(0, count).Select(nth =>
        {
            var delay = network.Random.NextDouble() * maxDelay;
            // Some providers offer two.
            return new SimulatedNetwork.Node { Name = $"honest{nth}", Provider = nth == 3 ? "provider0" : $"provider{nth}", Shows = at => network.Head(at - delay), Hot = nth < 2 };
        }).ToList();
        honest.ForEach(network.Add);
        return honest;
    }

    private static void AssertNeverFell(SimulatedNetwork network, IReadOnlyCollection<SimulatedNetwork.Node> nodes, int seed) =>
        Assert.All(nodes, node => Assert.True(
            node.History is [(_, VerdictState.Healthy, _)],
            $"seed {seed}: {node.Name}: {string.Join("; ", node.History)} (block time {network.Trace.MeasuredBlockTime})"));
}
