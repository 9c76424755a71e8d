using AltruistManager.Selection;

namespace AltruistManager.Web.Api;

/// <summary>Tells the streams of one region what changed in it: bytes are made once for all.</summary>
/// <param name="chains">Those that are told; null for all.</param>
internal sealed class RegionFeed(string region, ChainChoice? chains = null)
{
    /// <summary>Whoever comes back with an older generation gets the snapshot.</summary>
    private const int MostKnown = 1024;

    /// <summary>A crowd comes back with the same generation, or with none.</summary>
    private const int MostBeginnings = 8;

    /// <summary>So many beats, ten minutes, a feed of chosen chains is kept for whoever comes back. Choices are without number, unlike regions.</summary>
    internal const int MostUnheard = 40;

    /// <summary>All beating at once would hold a buffer for each connection; so many parts of a period take turns.</summary>
    internal const int BeatParts = 60;

    private const long None = -1;

    private readonly Lock gate = new();
    private readonly HashSet<PortalStream> streams = [];

    /// <summary>The generations of this origin that were told here, oldest first.</summary>
    private readonly Queue<long> known = new();

    /// <summary>By the generation a portal comes back with. As of now: forgotten at each change.</summary>
    private readonly Dictionary<long, StreamFrame> beginnings = [];

    private Snapshot snapshot = Snapshot.Empty;
    private long generation = None;
    private int unheard;
    private bool isGivenUp;

    /// <summary>Tells what is new in this snapshot.</summary>
    public void Show(Snapshot next)
    {
        lock (gate)
        {
            var sameOrigin = next.Origin == snapshot.Origin;
            if (next.GenerationOf(region) is not { } now)
            {
                Forget();
                foreach (var stream in streams)
                    stream.End("the region is gone");
                return;
            }

            var before = generation;
            if (sameOrigin && now <= before)
                return;
            if (!sameOrigin)
                Forget();
            snapshot = next;
            generation = now;
            beginnings.Clear();
            // Whatever was revoked or taken away is not in any slot: then portals are told the whole.
            var changed = sameOrigin ? next.ChangedSince(region, before, chains) : null;
            foreach (var told in changed?.Select(answer => answer.Generation).Distinct() ?? [now])
                Remember(told);
            if (streams.Count > 0)
                Offer(changed is null ? Whole(next) : changed.Count == 0 ? StreamEvents.Beat(now) : StreamEvents.Selections(changed));
        }
    }

    /// <summary>Says to those of this part of a period that their connections live.</summary>
    /// <returns>False once it is given up, because nobody has listened for long: then nobody may join any more.</returns>
    public bool Beat(int part)
    {
        lock (gate)
        {
            if (part == 0 && chains is not null && streams.Count == 0 && ++unheard >= MostUnheard)
                isGivenUp = true;
            var beat = StreamEvents.Beat(generation);
            foreach (var stream in streams)
            {
                if (stream.BeatPart == part)
                    Offer(stream, beat);
            }

            return !isGivenUp;
        }
    }

    /// <summary>Begins with the snapshot, or with what a portal lacks that has all up to <paramref name="after"/>.</summary>
    /// <param name="current">Shown here where nothing was shown before.</param>
    /// <returns>False when it was given up.</returns>
    public bool Join(PortalStream stream, Snapshot current, long? after)
    {
        lock (gate)
        {
            if (isGivenUp)
                return false;
            unheard = 0;
            if (generation == None)
                Show(current);
            streams.Add(stream);
            if (generation == None)
                stream.End("the region is gone");
            else
                stream.Offer(Beginning(after is { } held && known.Contains(held) ? held : None));
            return true;
        }
    }

    public void Leave(PortalStream stream)
    {
        lock (gate)
            streams.Remove(stream);
    }

    private StreamFrame Beginning(long after)
    {
        if (beginnings.TryGetValue(after, out var made))
            return made;
        if (beginnings.Count == MostBeginnings)
            beginnings.Clear();
        var changed = after == None ? null : snapshot.ChangedSince(region, after, chains);
        return beginnings[after] = changed switch
        {
            null => Whole(snapshot),
            [] => StreamEvents.Beat(generation),
            _ => StreamEvents.Selections(changed),
        };
    }

    private StreamFrame Whole(Snapshot told) => StreamEvents.Snapshot(told.FindAll(region, chains: chains)!);

    private void Offer(StreamFrame frame)
    {
        foreach (var stream in streams)
            Offer(stream, frame);
    }

    private static void Offer(PortalStream stream, StreamFrame frame)
    {
        if (!stream.Offer(frame))
            StreamMetrics.Dropped();
    }

    private void Remember(long told)
    {
        known.Enqueue(told);
        if (known.Count > MostKnown)
            known.Dequeue();
    }

    private void Forget()
    {
        snapshot = Snapshot.Empty;
        generation = None;
        known.Clear();
        beginnings.Clear();
    }
}
