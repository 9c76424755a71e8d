using AltruistManager.Altruists;
using AltruistManager.Chains.Protocols;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Probing.Checks;
using AltruistManager.Selection;
using AltruistManager.Simulator;
using AltruistManager.Tests.Probing.Checks;
using Spoken = AltruistManager.Tests.Chains.Protocols.ProbedNetwork.Spoken;

namespace AltruistManager.Tests.Chains.Protocols;

/// <summary>
/// Each a wrong verdict that some system gave in production, for every protocol that has a simulated node, and for <c>json</c> by a probe over JSON-RPC and one over
/// REST. (Families whose declaration ships with the product are the same code; RecordedAnswerTests reads their answers.) The rows of the table:
/// <list type="table">
/// <item><term>syncing flag says no, or yes, and is wrong</term><description>all that have a flag; Solana, Pocket and Sui are asked for none</description></item>
/// <item><term>shape of the syncing answer</term><description>EVM (ProbeTrapTests), Starknet (here), CometBFT, NEAR, Substrate and declared ones (RecordedAnswerTests)</description></item>
/// <item><term>getHealth wrong both ways; slot is not block height</term><description>Solana</description></item>
/// <item><term>stuck nodes that call themselves well</term><description>CometBFT, NEAR, and every other</description></item>
/// <item><term>error string inside the result</term><description>NEAR</description></item>
/// <item><term>lag of a node against itself; peer count</term><description>Substrate</description></item>
/// <item><term>heights taken minutes apart</term><description>all</description></item>
/// <item><term>hashes at the tip, absurd tip, jitter, load balancer, cached head, halted chain, never observed, stuck majority, two providers, other history</term><description>all</description></item>
/// <item><term>wrong block time configured</term><description>all (seen with NEAR)</description></item>
/// <item><term>not the node's answer, throttled, unauthorised, quota, missing method, another chain</term><description>all; ids only where there are any: Pocket speaks REST, Sui GraphQL</description></item>
/// <item><term>archive</term><description>those with a proof: EVM, Solana, CometBFT, Pocket, declared ones (Algorand in RecordedAnswerTests)</description></item>
/// <item><term>cap too small</term><description>EVM (ProbeTrapTests); Starknet, NEAR, Pocket and declared ones (here); Solana and CometBFT ask for no transactions (here); Substrate and Sui for no blocks</description></item>
/// <item><term>bombs, bodies and headers without end</term><description>all</description></item>
/// <item><term>fast failures, first request, certificates, drips, prober's own network, provider's whitelist</term><description>below the protocols: ProbeTrapTests and the tests of checks, faults and health</description></item>
/// </list>
/// </summary>
public sealed class ProtocolTrapTests
{
    private const string Hash = "0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c";

    private const string DeclaredRpc =
        """
        {"head":{"method":"status","params":{},"height":"sync_info.latest_block_height","time":"sync_info.latest_block_time"},
         "identity":{"method":"status","params":{},"identity":"node_info.network"},
         "syncing":{"method":"status","params":{},"syncing":"sync_info.catching_up"},
         "hash":{"method":"blockchain","params":{"minHeight":"{height:text}","maxHeight":"{height:text}"},"hash":"block_metas.0.block_id.hash","height":"block_metas.0.header.height"},
         "timeFormat":"rfc3339"}
        """;

    private const string DeclaredRest =
        """
        {"head":{"post":"/v1/query/height","height":"height"},
         "time":{"post":"/v1/query/block","body":{"height":"{height}"},"time":"block.header.time"},
         "identity":{"post":"/v1/query/block","body":{"height":0},"identity":"block.header.chain_id"},
         "hash":{"post":"/v1/query/block","body":{"height":"{height}"},"hash":"block_meta.block_id.hash","height":"block.header.height"},
         "archive":{"post":"/v1/query/supply","body":{"height":"{height}"},"found":"total"},
         "timeFormat":"rfc3339"}
        """;

    /// <summary>As it is where a family tells no times, such as Bitcoin's, Arweave's and the beacon chain's.</summary>
    private const string DeclaredWithoutTimes =
        """
        {"head":{"post":"/v1/query/height","height":"height"},
         "identity":{"post":"/v1/query/block","body":{"height":0},"identity":"block.header.chain_id"},
         "hash":{"post":"/v1/query/block","body":{"height":"{height}"},"hash":"block_meta.block_id.hash","height":"block.header.height"}}
        """;

    private const string Timeless = "json without times";

    internal static readonly Dictionary<string, Spoken> Known = new Spoken[]
    {
        new("evm", "5", "50"),
        new("solana", "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d", "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9"),
        new("cometbft", "osmosis-1", "osmosis-10"),
        new("near", "mainnet", "mainnet2"),
        new("substrate", Hash + "3", Hash + "4"),
        new("pocket", "mainnet", "mainnet2"),
        new("sui", "35834a8a", "35834a8b"),
        new("starknet", "SN_MAIN", "SN_MAIN2"),
        new("json", "osmosis-1", "osmosis-10", "cometbft", DeclaredRpc),
        new("json", "mainnet", "mainnet2", "pocket", DeclaredRest),
    }.ToDictionary(spoken => spoken.As is null ? spoken.Protocol : $"{spoken.Protocol} for {spoken.As}");

    public static TheoryData<string> Protocols => [.. Known.Keys];

    public static TheoryData<string> WithOrWithoutTimes => [.. Known.Keys, Timeless];

    public static TheoryData<string> OverRpc => [.. Known.Keys.Where(protocol => !IsRest(protocol) && protocol != "sui")];

    public static TheoryData<string> WithFlag => [.. Known.Keys.Where(HasFlag)];

    public static TheoryData<string> WithArchive => ["evm", "solana", "cometbft", "pocket", "json for pocket"];

    private static Spoken Speaking(string protocol) => protocol == Timeless ? new("json", "mainnet", "mainnet2", "pocket", DeclaredWithoutTimes) : Known[protocol];

    private static bool IsRest(string protocol) => protocol.EndsWith("pocket", StringComparison.Ordinal);

    private static bool HasFlag(string protocol) => protocol is not ("solana" or "sui") && !IsRest(protocol);

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Good_node_tells_all(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Known[protocol]);
        network.Add("good");
        var height = network.Chain.Height;

        var result = await network.ProbeAsync("good", height - 40);

        Assert.Equal((ProbeOutcome.Ok, null), (result.Outcome, result.Detail));
        Assert.Equal((height, network.Chain.TimeAt(height)), (result.Height, result.HeadTime));
        Assert.Equal(Known[protocol].Identity, result.Identity);
        Assert.Equal((height - 40, network.Chain.HashAt(height - 40)), (result.IntegrityHeight, result.IntegrityHash), StringPairs.IgnoringCaseOfHex);
        Assert.Equal(HasFlag(protocol) ? false : null, result.Syncing);
        Assert.All(result.Exchanges, exchange => Assert.NotEmpty(exchange.Answered));
    }

    [Theory]
    [MemberData(nameof(WithFlag))]
    public async Task Node_that_says_it_syncs_is_used_while_it_keeps_up(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Known[protocol]);
        network.Add("humble", Faults.SaysSyncing);
        network.Add("b");
        network.Add("c");

        await network.SweepAsync(5);

        Assert.True((await network.ProbeAsync("humble")).Syncing);
        Assert.Equal(VerdictState.Healthy, network.State("humble"));
    }

    [Theory]
    [MemberData(nameof(WithOrWithoutTimes))]
    public async Task Node_that_is_days_behind_and_says_it_is_synced_is_lagging(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Speaking(protocol));
        foreach (var name in "abc")
            network.Add($"{name}");
        network.Add("behind", Faults.Lagging(80_000));

        await network.SweepAsync(5);

        Assert.NotEqual(true, (await network.ProbeAsync("behind")).Syncing);
        Assert.Equal(VerdictState.Lagging, network.State("behind"));
        Assert.Equal(VerdictState.Healthy, network.State("a"));
    }

    /// <summary>CometBFT says catching_up=false, NEAR's status is fine, and an outdated cache looks like any node.</summary>
    [Theory]
    [MemberData(nameof(WithOrWithoutTimes))]
    public async Task Stuck_node_that_calls_itself_well_and_a_cached_head_are_not_used(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Speaking(protocol));
        foreach (var name in "abc")
            network.Add($"{name}");
        var stuck = network.Add("stuck");
        await network.SweepAsync(4);
        Assert.Equal(VerdictState.Healthy, network.State("stuck"));

        stuck.Fault = Faults.Frozen;
        await network.SweepAsync(6);

        Assert.True(network.State("stuck") is VerdictState.Stale or VerdictState.Lagging, $"{network.State("stuck")}: {network.Reason("stuck")}");
        Assert.NotEqual(true, (await network.ProbeAsync("stuck")).Syncing);
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Stuck_majority_does_not_outvote_the_nodes_that_move(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Known[protocol]);
        var stuck = "abc".Select(name => network.Add($"{name}")).ToList();
        network.Add("mover1");
        network.Add("mover2");
        await network.SweepAsync(4);

        stuck.ForEach(node => node.Fault = Faults.Frozen);
        await network.SweepAsync(12);

        Assert.Equal([VerdictState.Unknown, VerdictState.Healthy], network.History("mover1"));
        Assert.True(network.State("a") is VerdictState.Stale or VerdictState.Lagging, $"{network.State("a")}: {network.Reason("a")}");
    }

    [Theory]
    [MemberData(nameof(WithOrWithoutTimes))]
    public async Task Node_that_is_alone_is_not_compared_with_itself(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Speaking(protocol));
        var node = network.Add("alone");
        await network.SweepAsync(4);
        node.Fault = Faults.Frozen;
        await network.SweepAsync(40);

        // Compared with itself it would be in sync for ever: the trace says that nothing moves, which others settle.
        Assert.True(network.Trace.Halted);
        network.Add("mover1");
        network.Add("mover2");
        await network.SweepAsync(8);
        Assert.Equal((VerdictState.Healthy, VerdictState.Healthy), (network.State("mover1"), network.State("mover2")));
        Assert.False(network.Trace.Halted);
        Assert.True(network.State("alone") is VerdictState.Stale or VerdictState.Lagging, $"{network.State("alone")}: {network.Reason("alone")}");
    }

    [Theory]
    [MemberData(nameof(WithOrWithoutTimes))]
    public async Task One_absurdly_high_tip_evicts_nobody_else(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Speaking(protocol));
        foreach (var name in "abc")
            network.Add($"{name}");
        network.Add("boaster", Faults.Ahead(900_000_000));

        await network.SweepAsync(6);

        Assert.All("abc", name => Assert.Equal([VerdictState.Unknown, VerdictState.Healthy], network.History($"{name}")));
        Assert.Equal(VerdictState.Down, network.State("boaster"));
        Assert.InRange(network.Trace.Height!.Value, network.Chain.Height - 1, network.Chain.Height);
    }

    [Theory]
    [MemberData(nameof(WithOrWithoutTimes))]
    public async Task Jitter_of_one_block_evicts_nobody(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Speaking(protocol), tolerance: 1);
        foreach (var name in "abc")
            network.Add($"{name}");
        network.Add("late", Faults.Lagging(1));

        await network.SweepAsync(6);

        Assert.Equal([VerdictState.Unknown, VerdictState.Healthy], network.History("late"));
    }

    [Theory]
    [MemberData(nameof(WithOrWithoutTimes))]
    public async Task Load_balancer_that_mixes_heights_evicts_nobody_else(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Speaking(protocol));
        foreach (var name in "abc")
            network.Add($"{name}");
        var mixed = network.Add("mixed");
        await network.SweepAsync(4);
        Assert.Equal(VerdictState.Healthy, network.State("mixed"));

        mixed.Fault = Faults.MixedHeights(400);
        using var http = new HttpClient();
        for (var sweep = 0; sweep < 10; sweep++)
        {
            var before = mixed.Requests;
            await network.SweepAsync(1);
            // Whoever else uses it changes whose turn it is: else an even number of calls would always find the same node at the head.
            if (mixed.Requests % 2 == before % 2)
                using (await http.GetAsync(mixed.Url, TestContext.Current.CancellationToken))
                    Assert.NotEqual(before % 2, mixed.Requests % 2);
        }

        Assert.All("abc", name => Assert.Equal([VerdictState.Unknown, VerdictState.Healthy], network.History($"{name}")));
        // Itself goes after all the others, and is not thrown out.
        Assert.Equal([VerdictState.Unknown, VerdictState.Healthy, VerdictState.Failing], network.History("mixed"));
        Assert.Equal((Usability.Failing, Usability.Healthy), (network.UsabilityOf("mixed"), network.UsabilityOf("a")));
    }

    /// <summary>What its answers of one moment say: the lowest height and how far they are apart, which costs its rank and no more.</summary>
    [Theory]
    [MemberData(nameof(WithOrWithoutTimes))]
    public async Task Spread_behind_a_load_balancer_is_published_and_costs_rank(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Speaking(protocol));
        foreach (var name in "abc")
            network.Add($"{name}");
        var mixed = network.Add("mixed");
        await network.SweepAsync(4);
        using var bench = new CheckBench { Pace = new NetworkPace(BlockTimeSeconds: 2, ToleranceBlocks: 5) };
        var check = new ConsistencyCheck(bench.Http, bench.Options, TimeProvider.System);
        var even = After(null, await bench.RunAsync(check, network.SubjectOf("mixed")));
        Assert.Equal((CheckState.Passed, Usability.Healthy), (even.State, network.UsabilityOf("mixed", even)));

        mixed.Fault = Faults.MixedHeights(400);
        CheckRecord seen;
        var tries = 0;
        do
        {
            // Samples of several calls may meet the same node by chance.
            seen = After(even, await bench.RunAsync(check, network.SubjectOf("mixed")));
        }
        while (seen.State != CheckState.Warned && ++tries < 50);

        Assert.Equal(
            (CheckState.Warned, $"answers of the same moment are 400 blocks apart (the lowest {network.Chain.Height - 400}): a load balancer behind the URL mixes nodes; take out those that are behind"),
            (seen.State, seen.Reason));
        Assert.Equal((Usability.Failing, Usability.Healthy), (network.UsabilityOf("mixed", seen), network.UsabilityOf("a", even)));

        // Some checks without a spread in a row end it.
        mixed.Heal();
        var first = After(seen, await bench.RunAsync(check, network.SubjectOf("mixed")));
        Assert.Equal(Usability.Failing, network.UsabilityOf("mixed", first));
        Assert.Equal(Usability.Healthy, network.UsabilityOf("mixed", After(first, await bench.RunAsync(check, network.SubjectOf("mixed")))));

        CheckRecord After(CheckRecord? before, CheckResult result) => CheckRecord.After(before, new AltruistId("mixed"), result, CheckPlace.Of(["here"]), DateTimeOffset.UnixEpoch);
    }

    /// <summary>With altruists spread over minutes the last of a sweep has eighty blocks more than the first.</summary>
    [Theory]
    [MemberData(nameof(WithOrWithoutTimes))]
    public async Task Heights_taken_minutes_apart_are_not_compared_as_they_are(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Speaking(protocol));
        foreach (var name in "abcd")
            network.Add($"{name}");
        network.Add("behind", Faults.Lagging(400));

        await network.SweepAsync(8, secondsBetween: 40);

        Assert.All("abcd", name => Assert.Equal([VerdictState.Unknown, VerdictState.Healthy], network.History($"{name}")));
        Assert.Equal(VerdictState.Lagging, network.State("behind"));
    }

    [Theory]
    [InlineData("starknet", "", """{"jsonrpc":"2.0","id":1,"method":"starknet_getBlockWithTxHashes","params":["latest"]}""")]
    [InlineData("near", "", """{"jsonrpc":"2.0","id":1,"method":"block","params":{"block_id":999000}}""")]
    [InlineData("pocket", "/v1/query/block", """{"height":0}""")]
    [InlineData("json for pocket", "/v1/query/block", """{"height":0}""")]
    public async Task Block_that_is_larger_than_a_scalar_is_read(string protocol, string path, string question)
    {
        var spoken = Known[protocol];
        if (spoken.Probe is { } probe)
            spoken = new Spoken(spoken.Protocol, spoken.Identity, spoken.LongerIdentity, spoken.As, probe.Replace("\"post\":\"/v1/query/block\",", "\"post\":\"/v1/query/block\",\"large\":true,", StringComparison.Ordinal));
        await using var network = await ProbedNetwork.StartAsync(spoken, transactions: 1_500);
        var node = network.Add("full");
        using var http = new HttpClient();
        using var asked = new StringContent(question);
        using var body = await http.PostAsync(new Uri($"{node.Url.ToString().TrimEnd('/')}{path}"), asked, TestContext.Current.CancellationToken);
        Assert.InRange((await body.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)).Length, NodeQuestion.Scalar + 1, NodeQuestion.Block);

        var result = await network.ProbeAsync("full", 999_000);

        Assert.Equal((ProbeOutcome.Ok, null), (result.Outcome, result.Detail));
        Assert.Equal((network.Chain.Height, network.Chain.TimeAt(network.Chain.Height), spoken.Identity), (result.Height, result.HeadTime, result.Identity));
        Assert.Equal((999_000, network.Chain.HashAt(999_000)), (result.IntegrityHeight, result.IntegrityHash), StringPairs.IgnoringCaseOfHex);
    }

    [Theory]
    [MemberData(nameof(WithOrWithoutTimes))]
    public async Task Halted_chain_keeps_its_pool(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Speaking(protocol));
        foreach (var name in "abcd")
            network.Add($"{name}");
        await network.SweepAsync(4);

        network.Chain.Halt();
        await network.SweepAsync(15);

        Assert.True(network.Trace.Halted);
        Assert.All("abcd", name => Assert.Equal([VerdictState.Unknown, VerdictState.Healthy], network.History($"{name}")));
    }

    [Theory]
    [MemberData(nameof(WithOrWithoutTimes))]
    public async Task Never_observed_is_unknown_and_not_zero_lag(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Speaking(protocol));
        network.Add("a");
        network.Add("silent", Faults.Html);

        await network.SweepAsync(1);

        Assert.Equal((VerdictState.Unknown, VerdictState.Unknown), (network.State("a"), network.State("silent")));
        Assert.Null((await network.ProbeAsync("silent")).Height);
        await network.SweepAsync(3);
        Assert.Equal(VerdictState.Down, network.State("silent"));
    }

    [Theory]
    [MemberData(nameof(WithOrWithoutTimes))]
    public async Task Wrong_block_time_in_the_configuration_rejects_no_healthy_node(string protocol)
    {
        // The chain is twelve times as fast as configured: what is in tolerance is told by the measured pace.
        await using var network = await ProbedNetwork.StartAsync(Speaking(protocol), blockTime: 1, configuredBlockTime: 12, tolerance: 3);
        foreach (var name in "abc")
            network.Add($"{name}");
        network.Add("late", Faults.Lagging(4));

        await network.SweepAsync(10);

        Assert.All(["a", "b", "c", "late"], name => Assert.Equal([VerdictState.Unknown, VerdictState.Healthy], network.History(name)));
        Assert.InRange(network.Trace.MeasuredBlockTime!.Value, 0.9, 1.1);
    }

    public static TheoryData<string, long> WithOrWithoutTimesAndLag
    {
        get
        {
            var rows = new TheoryData<string, long>();
            foreach (var protocol in Known.Keys.Append(Timeless))
            {
                rows.Add(protocol, 500);
                // Days.
                rows.Add(protocol, 80_000);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(WithOrWithoutTimesAndLag))]
    public async Task Two_providers_of_whom_one_lies_evict_nobody_by_lag(string protocol, long blocks)
    {
        await using var network = await ProbedNetwork.StartAsync(Speaking(protocol));
        network.Add("honest");
        network.Add("behind", Faults.Lagging(blocks));

        await network.SweepAsync(6);

        Assert.Equal([VerdictState.Unknown, VerdictState.Healthy], network.History("honest"));
        Assert.Equal([VerdictState.Unknown, VerdictState.Healthy], network.History("behind"));
        Assert.Matches($"; {blocks} blocks .* behind 1 other provider; not enough others to judge", network.Reason("behind"));
    }

    [Fact]
    public async Task Network_is_not_halted_because_one_of_two_without_times_stands_still()
    {
        await using var network = await ProbedNetwork.StartAsync(Speaking(Timeless));
        network.Add("mover");
        var frozen = network.Add("frozen");
        await network.SweepAsync(4);

        frozen.Fault = Faults.Frozen;
        await network.SweepAsync(20);

        Assert.False(network.Trace.Halted);
        Assert.Equal([VerdictState.Unknown, VerdictState.Healthy], network.History("mover"));
        Assert.Contains("behind 1 other provider; not enough others to judge", network.Reason("frozen"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(WithOrWithoutTimes))]
    public async Task Other_history_is_diverged_only_against_three(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Speaking(protocol));
        network.Add("a");
        network.Add("b");
        network.Add("forked", Faults.Forked(1));
        await network.SweepAsync(4);
        Assert.NotEqual(VerdictState.Diverged, network.State("forked"));

        network.Add("c");
        await network.SweepAsync(4);

        Assert.Equal(VerdictState.Diverged, network.State("forked"));
        Assert.All("abc", name => Assert.Equal([VerdictState.Unknown, VerdictState.Healthy], network.History($"{name}")));
    }

    [Theory]
    [MemberData(nameof(WithOrWithoutTimes))]
    public async Task Other_hashes_at_the_tip_are_no_divergence(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Speaking(protocol));
        foreach (var name in "abc")
            network.Add($"{name}");
        var node = network.Add("tip");
        for (var sweep = 0; sweep < 6; sweep++)
        {
            node.Fault = Faults.Forked(network.Chain.Height - 3 + 30);
            await network.SweepAsync(1);
        }

        Assert.Equal([VerdictState.Unknown, VerdictState.Healthy], network.History("tip"));
    }

    [Theory]
    [MemberData(nameof(WithOrWithoutTimes))]
    public async Task Node_without_the_block_is_not_judged_by_it(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Speaking(protocol));
        foreach (var name in "abc")
            network.Add($"{name}");
        network.Add("pruned", Faults.Pruned(5));

        await network.SweepAsync(6);

        Assert.Equal([VerdictState.Unknown, VerdictState.Healthy], network.History("pruned"));
        Assert.Null((await network.ProbeAsync("pruned", network.Chain.Height - 100)).IntegrityHash);
    }

    [Theory]
    [MemberData(nameof(WithOrWithoutTimes))]
    public async Task Another_chains_node_is_told_exactly(string protocol)
    {
        var spoken = Speaking(protocol);
        await using var network = await ProbedNetwork.StartAsync(spoken);
        foreach (var name in "abc")
            network.Add($"{name}");
        network.Add("foreign", protocol == "evm" ? Faults.WrongChain(50) : Faults.WrongIdentity(spoken.LongerIdentity));

        await network.SweepAsync(2);

        Assert.Equal(VerdictState.WrongChain, network.State("foreign"));
        Assert.Contains(spoken.LongerIdentity, network.Reason("foreign"), StringComparison.Ordinal);
        Assert.Equal(VerdictState.Healthy, network.State("a"));
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Missing_method_does_not_make_a_node_bad(string protocol)
    {
        var spoken = Known[protocol];
        await using var network = await ProbedNetwork.StartAsync(spoken);
        string[] rest =
        [
            "eth_chainId", "eth_syncing", "getBlockTime", "getGenesisHash", "getBlock", "blockchain", "block", "state_getStorage", "chain_getBlockHash", "system_health",
            "/v1/query/block", "starknet_chainId", "starknet_syncing",
        ];
        network.Add("plain", Faults.Without(rest));

        var result = await network.ProbeAsync("plain", protocol is "evm" or "starknet" or "sui" ? null : 999_000);

        Assert.Equal(ProbeOutcome.Ok, result.Outcome);
        Assert.Equal(network.Chain.Height, result.Height);
        Assert.Null(result.IntegrityHash);
        // Asked in the same call as the head, it is there all the same.
        Assert.Equal(protocol is "cometbft" or "near" or "sui" or "json for cometbft" ? spoken.Identity : null, result.Identity);
    }

    [Theory]
    [MemberData(nameof(OverRpc))]
    public async Task Answer_that_is_not_the_nodes_own_proves_nothing(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Known[protocol]);
        var node = network.Add("proxied");
        foreach (var fault in new[] { Faults.NullId, Faults.WrongId, Faults.BatchForSingle, Faults.Body("""{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}""") })
        {
            node.Fault = fault;
            var result = await network.ProbeAsync("proxied");
            Assert.True((ProbeOutcome.InvalidAnswer, null, null) == (result.Outcome, result.Height, result.Identity), $"{fault}: {result.Outcome} {result.Detail}");
        }
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Web_page_and_errors_and_odd_results_are_no_heads(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Known[protocol]);
        var node = network.Add("odd");
        foreach (var (fault, outcome) in new[]
        {
            (Faults.Html, ProbeOutcome.NotJson),
            (Faults.Body("ok"), ProbeOutcome.NotJson),
            (Faults.Body(""), ProbeOutcome.NotJson),
            (Faults.Status(503), ProbeOutcome.HttpError),
            (Faults.CutShort, ProbeOutcome.ConnectionLost),
            (Faults.RpcError(-32603, "internal error"), IsRest(protocol) || protocol == "sui" ? ProbeOutcome.HttpError : ProbeOutcome.RpcError),
            (Faults.Body(IsRest(protocol) ? """{"height":"high"}""" : "{}"), ProbeOutcome.InvalidAnswer),
        })
        {
            node.Fault = fault;
            var result = await network.ProbeAsync("odd");
            Assert.True(outcome == result.Outcome, $"{fault}: {result.Outcome} {result.Detail}");
            Assert.Null(result.Height);
            Assert.Null(result.LatencyMs);
        }
    }

    /// <summary>Whatever the protocol, answers are read as far as they may go and no further.</summary>
    [Theory]
    [MemberData(nameof(WithOrWithoutTimes))]
    public async Task Answer_that_never_ends_unpacks_to_gigabytes_or_is_nested_for_ever_is_cut_off(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Speaking(protocol));
        var hostile = new (Fault Fault, ProbeOutcome Outcome)[]
        {
            (Faults.EndlessBody, ProbeOutcome.TooLarge),
            (Faults.CompressedBomb(), ProbeOutcome.TooLarge),
            (Faults.CompressedBomb(encoding: "br"), ProbeOutcome.TooLarge),
            (Faults.HugeBody(), ProbeOutcome.TooLarge),
            (Faults.HugeHeaders(), ProbeOutcome.TooLarge),
            (Faults.DeepJson(), ProbeOutcome.InvalidAnswer),
            (Faults.CutShort, ProbeOutcome.ConnectionLost),
        };
        foreach (var (fault, outcome) in hostile)
        {
            var name = fault.Description.Replace(' ', '-');
            network.Add(name, fault);

            var result = await network.ProbeAsync(name);

            Assert.True((outcome, null) == (result.Outcome, result.Height), $"{fault.Description}: {result.Outcome}, {result.Detail}, block {result.Height}");
        }
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Limit_is_throttling_and_no_downtime(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Known[protocol]);
        network.Add("a");
        var busy = network.Add("busy");
        await network.SweepAsync(3);
        busy.Fault = Faults.RateLimited(TimeSpan.FromSeconds(30));
        await network.SweepAsync(1);

        Assert.Equal(VerdictState.Throttled, network.State("busy"));
        Assert.Equal(TimeSpan.FromSeconds(30), (await network.ProbeAsync("busy")).RetryAfter);

        busy.Fault = Faults.RateLimitedByRpc;
        Assert.Equal(ProbeOutcome.Throttled, (await network.ProbeAsync("busy")).Outcome);
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Refusal_and_used_up_quota_have_reasons_of_their_own(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Known[protocol]);
        var node = network.Add("closed");
        foreach (var (fault, outcome, words) in new[]
        {
            (Faults.Status(401), ProbeOutcome.Unauthorized, "does not let the prober in"),
            (Faults.Status(403), ProbeOutcome.Unauthorized, "does not let the prober in"),
            (Faults.Status(402), ProbeOutcome.QuotaExhausted, "top it up"),
            (Faults.RpcError(-32000, "Monthly capacity limit exceeded"), ProbeOutcome.QuotaExhausted, "top it up"),
            (Faults.RpcError(-32000, "your credits exhausted"), ProbeOutcome.QuotaExhausted, "top it up"),
        })
        {
            node.Fault = fault;
            var result = await network.ProbeAsync("closed");
            Assert.True(outcome == result.Outcome, $"{fault}: {result.Outcome} {result.Detail}");
            Assert.Contains(words, result.Detail, StringComparison.Ordinal);
            // One question and no more: no storm.
            Assert.Single(result.Exchanges);
        }
    }

    [Theory]
    [MemberData(nameof(WithArchive))]
    public async Task Archive_is_proven_by_what_pruned_nodes_do_not_have(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Known[protocol]);
        network.Add("archive");
        network.Add("pruned", protocol == "solana" ? Faults.Pruned(5_000) : Faults.PrunedState);
        network.Add("silent", Faults.Html);

        Assert.True((await network.ProveAsync("archive", "archive")).Value);
        Assert.Contains(protocol switch { "solana" => "no block", "json for pocket" => "does not have block", _ => "no state" }, (await network.ProveAsync("pruned", "archive")).Wrong, StringComparison.Ordinal);
        Assert.Equal(default, await network.ProveAsync("silent", "archive"));
        // Old blocks are there all the same, which proves nothing.
        if (protocol != "solana")
            Assert.NotNull((await network.ProbeAsync("pruned", 5)).IntegrityHash);
    }

    [Fact]
    public async Task Old_state_that_is_only_the_newest_or_zero_is_no_archive()
    {
        await using var network = await ProbedNetwork.StartAsync(Known["evm"]);
        network.Add("newest", Faults.NewestStateForOld);
        network.Add("zero", Faults.ZeroForOldStates);
        var bare = network.Add("bare", Faults.Without("eth_getTransactionByBlockNumberAndIndex"));

        Assert.Contains("contradicts a transaction", (await network.ProveAsync("newest", "archive")).Wrong, StringComparison.Ordinal);
        Assert.Contains("contradicts a transaction", (await network.ProveAsync("zero", "archive")).Wrong, StringComparison.Ordinal);
        Assert.Contains("does not tell the transactions", (await network.ProveAsync("bare", "archive")).Wrong, StringComparison.Ordinal);
        Assert.Equal(0, bare.Calls("eth_getTransactionCount"));
    }

    [Fact]
    public async Task Newest_state_for_old_is_no_archive_of_an_empty_history_either()
    {
        await using var network = await ProbedNetwork.StartAsync(Known["evm"], transactions: 0);
        network.Add("newest", Faults.NewestStateForOld);
        network.Add("honest");

        foreach (var name in new[] { "newest", "honest" })
        {
            var reply = await network.ProveAsync(name, "archive");
            Assert.Equal((false, null, "none of the blocks that were looked at has a transaction to compare its old state with"), (reply.Value, reply.Wrong, reply.Unsettled));
        }
    }

    /// <summary>What an altruist's owner is told of calls is what a node that is well gets.</summary>
    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Every_check_makes_the_calls_that_are_expected_of_it(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Known[protocol]);
        var node = network.Add("a");
        var subject = network.SubjectOf("a", [.. Known[protocol].Questions.Facts.Capabilities.Keys]);
        using var bench = new CheckBench();
        var sweep = new CheckList([new HeightCheck(), new IdentityCheck(), new DataIntegrityCheck(), new HeadAgeCheck(), new LatencyCheck()]);

        var (_, asked) = await bench.ProbeAsync(subject, sweep, new ProbeQuestions(Identity: true, IntegrityHeight: 999_000, Syncing: true));
        Assert.Equal(
            sweep.OfSweeps.Select(check => (check.Name, check.CallsOf(subject))),
            sweep.OfSweeps.Select(check => (check.Name, asked.GetValueOrDefault(check.Name, []).Count)));
        Assert.Equal(sweep.OfSweeps.Sum(check => check.CallsOf(subject)), node.Requests);

        foreach (var check in subject.Altruist.Capabilities.Select(capability => new CapabilityCheck(capability)).Append<IOwnCheck>(new ConsistencyCheck(bench.Http, bench.Options, TimeProvider.System)))
        {
            var before = node.Requests;
            var result = await bench.RunAsync(check, subject);
            Assert.Equal((check.Name, CheckState.Passed, check.CallsOf(subject)), (result.Check, result.State, result.Exchanges.Count));
            Assert.Equal(check.CallsOf(subject), node.Requests - before);
        }
    }

    [Fact]
    public async Task Archive_of_a_chain_that_begins_later_is_not_proven_by_a_pruned_history()
    {
        await using var network = await ProbedNetwork.StartAsync(Known["cometbft"]);
        network.Add("pruned", Faults.Pruned(5_000));

        Assert.Contains("not the chain's first", (await network.ProveAsync("pruned", "archive")).Wrong, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tracing_is_proven_by_the_namespace_that_is_claimed_and_by_no_other()
    {
        await using var network = await ProbedNetwork.StartAsync(Known["evm"]);
        network.Add("both");
        network.Add("parity", Faults.Without("debug_traceCall"));
        network.Add("geth", Faults.Without("trace_call"));
        network.Add("neither", Faults.Without("debug_traceCall", "trace_call"));
        network.Add("silent", Faults.Html);

        Assert.True((await network.ProveAsync("both", "trace")).Value);
        Assert.True((await network.ProveAsync("both", "debug")).Value);
        Assert.True((await network.ProveAsync("parity", "trace")).Value);
        Assert.Contains("does not answer debug_traceCall", (await network.ProveAsync("parity", "debug")).Wrong, StringComparison.Ordinal);
        Assert.True((await network.ProveAsync("geth", "debug")).Value);
        Assert.Contains("does not answer trace_call", (await network.ProveAsync("geth", "trace")).Wrong, StringComparison.Ordinal);
        Assert.Contains("does not answer trace_call", (await network.ProveAsync("neither", "trace")).Wrong, StringComparison.Ordinal);
        Assert.Equal(default, await network.ProveAsync("silent", "trace"));
        Assert.Equal(default, await network.ProveAsync("silent", "debug"));
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Capability_that_cannot_be_proven_never_is(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Known[protocol]);
        network.Add("a");

        Assert.Contains("cannot be proven", (await network.ProveAsync("a", "teleport")).Wrong, StringComparison.Ordinal);
        foreach (var capability in new[] { "archive", "debug", "trace" }.Except(Known[protocol].Questions.Facts.Capabilities.Keys))
            Assert.Contains("cannot be proven", (await network.ProveAsync("a", capability)).Wrong, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Solanas_getHealth_is_wrong_both_ways_and_never_asked()
    {
        await using var network = await ProbedNetwork.StartAsync(Known["solana"]);
        foreach (var name in "abc")
            network.Add($"{name}");
        var nodes = new[] { network.Add("ill", Faults.SaysSyncing), network.Add("behind", Faults.Lagging(9_000)) };

        await network.SweepAsync(5);

        Assert.Equal((VerdictState.Healthy, VerdictState.Lagging), (network.State("ill"), network.State("behind")));
        Assert.All(nodes, node => Assert.Equal(0, node.Calls("getHealth")));
    }

    [Fact]
    public async Task Solanas_slot_is_never_compared_with_a_block_height()
    {
        await using var network = await ProbedNetwork.StartAsync(Known["solana"], blockTime: 0.4, skippedEvery: 7);
        var node = network.Add("a");
        var head = (await network.ProbeAsync("a")).Height;

        Assert.InRange(head!.Value, network.Chain.Height - 1, network.Chain.Height);
        Assert.Equal(0, node.Calls("getBlockHeight"));
    }

    [Theory]
    [InlineData("solana")]
    [InlineData("near")]
    public async Task Skipped_height_has_no_hash_and_is_not_judged(string protocol)
    {
        await using var network = await ProbedNetwork.StartAsync(Known[protocol], skippedEvery: 10);
        foreach (var name in "abc")
            network.Add($"{name}");

        var skipped = await network.ProbeAsync("a", 999_000);
        var made = await network.ProbeAsync("a", 999_001);
        await network.SweepAsync(8);

        Assert.Equal((ProbeOutcome.Ok, 999_000, null, null), (skipped.Outcome, skipped.IntegrityHeight, skipped.IntegrityHash, skipped.Detail));
        Assert.Equal(network.Chain.HashAt(999_001), made.IntegrityHash);
        Assert.All("abc", name => Assert.Equal([VerdictState.Unknown, VerdictState.Healthy], network.History($"{name}")));
    }

    [Fact]
    public async Task Error_that_NEAR_puts_inside_its_result_is_none()
    {
        await using var network = await ProbedNetwork.StartAsync(Known["near"]);
        network.Add("a", Faults.ErrorInResult);

        var result = await network.ProbeAsync("a");

        Assert.Equal((ProbeOutcome.Ok, network.Chain.Height, "mainnet"), (result.Outcome, result.Height, result.Identity));
    }

    [Fact]
    public async Task Substrate_node_without_peers_or_health_is_fine()
    {
        await using var network = await ProbedNetwork.StartAsync(Known["substrate"]);
        // The simulated node says that it has no peers.
        network.Add("a", Faults.Without("system_health"));
        network.Add("b");
        network.Add("c");

        await network.SweepAsync(4);

        Assert.Equal((VerdictState.Healthy, VerdictState.Healthy), (network.State("a"), network.State("b")));
        Assert.Null((await network.ProbeAsync("a")).Syncing);
    }

    [Fact]
    public async Task Blocks_are_asked_for_without_their_transactions()
    {
        await using var solana = await ProbedNetwork.StartAsync(Known["solana"]);
        solana.Add("a");
        await using var cometBft = await ProbedNetwork.StartAsync(Known["cometbft"]);
        cometBft.Add("a");

        Assert.Contains((await solana.ProbeAsync("a", 999_000)).Exchanges, exchange => exchange.Asked.Contains("\"transactionDetails\":\"none\"", StringComparison.Ordinal));
        Assert.DoesNotContain((await cometBft.ProbeAsync("a", 999_000)).Exchanges, exchange => exchange.Asked.StartsWith("block ", StringComparison.Ordinal));
    }

    /// <summary>Hexadecimal is compared in lower case, whatever the nodes write.</summary>
    private sealed class StringPairs : IEqualityComparer<(long?, string?)>
    {
        public static readonly StringPairs IgnoringCaseOfHex = new();

        public bool Equals((long?, string?) x, (long?, string?) y) => x.Item1 == y.Item1 && string.Equals(x.Item2, y.Item2, StringComparison.OrdinalIgnoreCase);

        public int GetHashCode((long?, string?) obj) => 0;
    }
}
