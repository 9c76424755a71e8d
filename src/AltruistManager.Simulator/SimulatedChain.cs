using System.Buffers.Binary;
using System.Security.Cryptography;
using AltruistManager.Simulator.Languages;

namespace AltruistManager.Simulator;

/// <summary>
/// A chain that produces blocks by the clock, or by hand. Hashes depend only on seed, chain id, history and height, so that every
/// node of it agrees. Safe to use from any thread.
/// </summary>
public sealed class SimulatedChain
{
    /// <summary>Blocks between the head and the newest final one.</summary>
    public const long FinalityBlocks = 64;

    private readonly TimeProvider clock;
    private readonly int seed;
    private readonly Lock changing = new();
    private readonly BlockCache blocks = new();
    private volatile History history;

    internal SimulatedChain(INodeLanguage language, long chainId, string identity, TimeSpan blockTime, long startHeight, int transactionsPerBlock, int skippedEvery, TimeProvider clock, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(skippedEvery);
        ArgumentOutOfRangeException.ThrowIfEqual(skippedEvery, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(chainId, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(blockTime, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfNegative(startHeight);
        ArgumentOutOfRangeException.ThrowIfNegative(transactionsPerBlock);
        Language = language;
        ChainId = chainId;
        Identity = identity;
        SkippedEvery = skippedEvery;
        BlockTime = blockTime;
        TransactionsPerBlock = transactionsPerBlock;
        this.clock = clock;
        this.seed = seed;
        history = new History([new Stretch(startHeight, clock.GetUtcNow(), blockTime)], [new Branching(0, 0)], null);
    }

    /// <summary>Of an EVM chain; of others a number that enters their hashes.</summary>
    public long ChainId { get; }

    /// <summary>What its nodes prove: the chain id in decimal, a genesis hash, a network name.</summary>
    public string Identity { get; }

    /// <summary>Every so many heights there is no block, as in Solana's slots; 0 is never.</summary>
    public int SkippedEvery { get; }

    internal INodeLanguage Language { get; }

    public TimeSpan BlockTime { get; }

    /// <summary>Transaction hashes in each block; about 1,000 make a block larger than 64 KB.</summary>
    public int TransactionsPerBlock { get; }

    /// <summary>The height of the newest block, now.</summary>
    public long Height => HeightAt(clock.GetUtcNow());

    public bool Halted => history.HaltedAt is not null;

    /// <summary>Stops making blocks.</summary>
    public void Halt()
    {
        lock (changing)
        {
            history = history with { HaltedAt = Height };
        }
    }

    /// <summary>Goes on after <see cref="Halt"/>, with the next block one block time from now.</summary>
    public void Resume()
    {
        lock (changing)
        {
            if (history.HaltedAt is { } height)
                history = history.With(new Stretch(height + 1, clock.GetUtcNow() + BlockTime, BlockTime)) with { HaltedAt = null };
        }
    }

    /// <summary>Makes blocks at once on a halted chain, dated now.</summary>
    public void Mine(int blocks = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blocks, 1);
        lock (changing)
        {
            if (history.HaltedAt is not { } height)
                throw new InvalidOperationException("Only a halted chain is mined by hand.");
            history = history.With(new Stretch(height + 1, clock.GetUtcNow(), TimeSpan.Zero)) with { HaltedAt = height + blocks };
        }
    }

    /// <summary>Replaces the newest blocks by others, for all nodes.</summary>
    public void Reorganise(int depth)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(depth, 1);
        lock (changing)
        {
            history = history.BranchedFrom(Math.Max(0, Height - depth + 1));
        }
    }

    /// <summary>Starts again at a lower or higher height with another history, as a test network that is reset.</summary>
    public void Reset(long height)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(height);
        lock (changing)
        {
            history = history.BranchedFrom(0) with
            {
                Stretches = [new Stretch(height, clock.GetUtcNow(), BlockTime)],
                HaltedAt = history.HaltedAt is null ? null : height,
            };
        }
    }

    /// <summary>The hash of a block, as nodes of the chain write it.</summary>
    /// <param name="branch">0 for the chain itself, else a branch of <see cref="Faults.Forked"/>.</param>
    public string HashAt(long height, int branch = 0)
    {
        Span<byte> hash = stackalloc byte[32];
        Hash(height, branch, hash);
        return Language.Notation(hash);
    }

    /// <summary>Whether no block was made for that height.</summary>
    public bool IsSkipped(long height) => SkippedEvery > 0 && height > 0 && height % SkippedEvery == 0;

    /// <summary>The time that a block carries, to the second.</summary>
    public DateTimeOffset TimeAt(long height) => DateTimeOffset.FromUnixTimeSeconds(history.TimeAt(height).ToUnixTimeSeconds());

    internal long HeightAt(DateTimeOffset time) => history.HeightAt(time);

    /// <summary>The block as the JSON of a result.</summary>
    internal ReadOnlyMemory<byte> BlockAt(long height, int branch, int parentBranch, TimeSpan skew)
    {
        // One history for the whole block, whatever happens to the chain meanwhile.
        var told = history;
        var key = new BlockKey(height, told.SaltAt(height), branch, parentBranch, skew);
        if (blocks.TryGet(key, out var json))
            return json;
        var parentSalt = told.SaltAt(Math.Max(0, height - 1));
        return blocks.Add(key, EvmBlockJson.Write(this, told.TimeAt(height) + skew, key, parentSalt));
    }

    internal void Hash(long height, int branch, Span<byte> destination) => Hash(height, history.SaltAt(height), branch, destination);

    internal void Hash(long height, int salt, int branch, Span<byte> destination)
    {
        Span<byte> input = stackalloc byte[28];
        BinaryPrimitives.WriteInt64LittleEndian(input, ChainId);
        BinaryPrimitives.WriteInt64LittleEndian(input[8..], height);
        BinaryPrimitives.WriteInt32LittleEndian(input[16..], salt);
        BinaryPrimitives.WriteInt32LittleEndian(input[20..], branch);
        BinaryPrimitives.WriteInt32LittleEndian(input[24..], seed);
        SHA256.HashData(input, destination);
    }

    /// <summary>Blocks from a height on, made at a steady pace; a pace of zero is one moment.</summary>
    private readonly record struct Stretch(long From, DateTimeOffset Start, TimeSpan Pace);

    /// <summary>From which height on another salt enters the hashes.</summary>
    private readonly record struct Branching(long From, int Salt);

    private sealed record History(Stretch[] Stretches, Branching[] Branchings, long? HaltedAt)
    {
        public History With(Stretch next) => this with { Stretches = [.. Stretches, next] };

        public History BranchedFrom(long height) =>
            this with { Branchings = [.. Branchings.Where(branching => branching.From < height), new Branching(height, Branchings[^1].Salt + 1)] };

        /// <summary>How far the chain was; before its beginning it stands at its first block.</summary>
        public long HeightAt(DateTimeOffset time)
        {
            for (var index = Stretches.Length - 1; index >= 0; index--)
            {
                var stretch = Stretches[index];
                if (time < stretch.Start)
                    continue;
                var last = index + 1 < Stretches.Length ? Stretches[index + 1].From - 1 : HaltedAt ?? long.MaxValue;
                return stretch.Pace == TimeSpan.Zero
                    ? last
                    : Math.Min(last, stretch.From + ((time - stretch.Start).Ticks / stretch.Pace.Ticks));
            }

            return Stretches[0].From;
        }

        public DateTimeOffset TimeAt(long height)
        {
            var stretch = Array.FindLast(Stretches, candidate => candidate.From <= height);
            if (stretch == default)
                stretch = Stretches[0];
            return stretch.Start + ((height - stretch.From) * stretch.Pace);
        }

        public int SaltAt(long height) => Array.FindLast(Branchings, branching => branching.From <= height).Salt;
    }
}
