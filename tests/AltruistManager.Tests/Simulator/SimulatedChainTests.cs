using AltruistManager.Simulator;

namespace AltruistManager.Tests.Simulator;

public sealed class SimulatedChainTests : IAsyncLifetime
{
    private readonly ManualTime clock = new();
    private SimulatedWorld? world;

    private SimulatedChain NewChain(double blockTimeSeconds = 2, long startHeight = 100) =>
        world!.AddChain(5, TimeSpan.FromSeconds(blockTimeSeconds), startHeight);

    public async ValueTask InitializeAsync() =>
        world = await SimulatedWorld.StartAsync(new SimulatedWorldOptions { Clock = clock }, TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => world!.DisposeAsync();

    [Fact]
    public void Blocks_come_by_the_clock_and_carry_its_time()
    {
        var chain = NewChain();
        var begin = clock.GetUtcNow();
        Assert.Equal(100, chain.Height);
        clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(105, chain.Height);
        Assert.Equal(begin.AddSeconds(10), chain.TimeAt(105));
        Assert.Equal(begin.AddSeconds(-20), chain.TimeAt(90));
    }

    [Fact]
    public void Twenty_blocks_a_second_are_possible()
    {
        var chain = NewChain(0.05);
        clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(1300, chain.Height);
    }

    [Fact]
    public void Halted_chain_stays_and_goes_on_where_it_was()
    {
        var chain = NewChain();
        clock.Advance(TimeSpan.FromSeconds(4));
        chain.Halt();
        clock.Advance(TimeSpan.FromMinutes(10));
        Assert.True(chain.Halted);
        Assert.Equal(102, chain.Height);
        var before = chain.TimeAt(102);
        chain.Resume();
        Assert.Equal(102, chain.Height);
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(103, chain.Height);
        Assert.Equal(clock.GetUtcNow(), chain.TimeAt(103));
        Assert.Equal(before, chain.TimeAt(102));
    }

    [Fact]
    public void Halted_chain_can_be_mined_by_hand()
    {
        var chain = NewChain();
        chain.Halt();
        clock.Advance(TimeSpan.FromSeconds(30));
        chain.Mine(3);
        Assert.Equal(103, chain.Height);
        clock.Advance(TimeSpan.FromSeconds(30));
        chain.Mine();
        Assert.Equal(104, chain.Height);
        Assert.Equal(clock.GetUtcNow().AddSeconds(-30), chain.TimeAt(103));
        Assert.Equal(clock.GetUtcNow(), chain.TimeAt(104));
        chain.Resume();
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(105, chain.Height);
    }

    [Fact]
    public void Running_chain_is_not_mined_by_hand() => Assert.Throws<InvalidOperationException>(() => NewChain().Mine());

    [Fact]
    public void Reorganisation_changes_the_newest_hashes_only()
    {
        var chain = NewChain();
        var kept = chain.HashAt(98);
        var replaced = chain.HashAt(99);
        chain.Reorganise(2);
        Assert.Equal(kept, chain.HashAt(98));
        Assert.NotEqual(replaced, chain.HashAt(99));
        Assert.Equal(100, chain.Height);
    }

    [Fact]
    public void Reset_starts_another_history_at_another_height()
    {
        var chain = NewChain();
        var before = chain.HashAt(10);
        chain.Reset(10);
        Assert.Equal(10, chain.Height);
        Assert.NotEqual(before, chain.HashAt(10));
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(11, chain.Height);
    }

    [Fact]
    public void Same_seed_gives_the_same_hashes_and_another_seed_others()
    {
        var chain = NewChain();
        Assert.Equal(chain.HashAt(100), NewChain().HashAt(100));
        Assert.NotEqual(chain.HashAt(100), chain.HashAt(101));
        Assert.NotEqual(chain.HashAt(100), world!.AddChain(6, TimeSpan.FromSeconds(2)).HashAt(100));
    }
}
