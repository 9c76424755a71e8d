using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Selection;

/// <summary>
/// What portals are told of a slot: settled when it is published, put into words when it is first asked for. A round changes every slot at once, and none waits until
/// the words of all others are found.
/// </summary>
internal sealed class SlotAnswer
{
    private readonly Func<Answer>? write;
    private Answer? written;

    /// <param name="altruists">The primaries, then the standbys.</param>
    public SlotAnswer(SlotStatus status, Chain chain, IReadOnlyList<Altruist> altruists, string origin)
    {
        Generation = status.Generation;
        HasPick = altruists.Count > 0;
        write = () => Answer.Of(SelectionBody.Write(status, chain, altruists, origin), Generation, HasPick);
    }

    /// <summary>In words already.</summary>
    public SlotAnswer(Answer answer)
    {
        Generation = answer.Generation;
        HasPick = answer.HasPick;
        written = answer;
    }

    public long Generation { get; }

    public bool HasPick { get; }

    /// <summary>Two that ask first at once may both find the words, which are the same.</summary>
    public Answer Answer
    {
        get
        {
            if (Volatile.Read(ref written) is { } known)
                return known;
            var found = write!();
            return Interlocked.CompareExchange(ref written, found, null) ?? found;
        }
    }
}
