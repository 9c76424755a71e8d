namespace AltruistManager.Simulator;

/// <summary>Which block, as one branch tells it.</summary>
internal readonly record struct BlockKey(long Height, int Salt, int Branch, int ParentBranch, TimeSpan Skew);

/// <summary>The newest blocks as JSON: a thousand nodes of a chain ask for the same few within a second.</summary>
internal sealed class BlockCache
{
    private const int Size = 64;

    private readonly Entry?[] entries = new Entry?[Size];

    public bool TryGet(BlockKey key, out ReadOnlyMemory<byte> json)
    {
        var entry = Volatile.Read(ref entries[Place(key)]);
        json = entry?.Json ?? default;
        return entry is not null && entry.Key == key;
    }

    public ReadOnlyMemory<byte> Add(BlockKey key, byte[] json)
    {
        Volatile.Write(ref entries[Place(key)], new Entry(key, json));
        return json;
    }

    private static int Place(BlockKey key) => (int)((ulong)(key.Height + (key.Branch * 31)) % Size);

    private sealed record Entry(BlockKey Key, byte[] Json);
}
