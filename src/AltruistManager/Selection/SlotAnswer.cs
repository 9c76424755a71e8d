using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Selection;

/// <summary>
/// What portals are told of a slot: settled when it is published, put into words when it is first asked for. A round changes every slot at once, and none waits until
/// the words of all others are found.
/// </summary>
internal sealed class SlotAnswer
{
    private readonly Chain? chain;
    private readonly IReadOnlyList<Altruist> altruists = [];
    private readonly SlotStatus? status;
    private readonly string origin;
    private Answer? written;

    /// <param name="altruists">The primaries, then the standbys.</param>
    public SlotAnswer(SlotStatus status, Chain chain, IReadOnlyList<Altruist> altruists, string origin)
    {
        this.status = status;
        this.chain = chain;
        this.altruists = altruists;
        this.origin = origin;
    }

    /// <summary>In words already.</summary>
    public SlotAnswer(Answer answer)
    {
        origin = "";
        written = answer;
    }

    public long Generation => status?.Generation ?? written!.Generation;

    public bool HasPick => status is null ? written!.HasPick : altruists.Count > 0;

    /// <summary>Two that ask first at once may both find the words, which are the same.</summary>
    public Answer Answer
    {
        get
        {
            if (Volatile.Read(ref written) is { } known)
                return known;
            var found = Selection.Answer.Of(SelectionBody.Write(status!, chain!, altruists, origin), Generation, HasPick);
            return Interlocked.CompareExchange(ref written, found, null) ?? found;
        }
    }
}
