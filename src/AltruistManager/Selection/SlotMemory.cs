using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Selection;

/// <summary>A slot between decisions: its question with the turns so far, and what is published for it.</summary>
internal sealed class SlotMemory(SlotKey key)
{
    public SlotKey Key => key;

    /// <summary>In the table of slots; 0 until it was written.</summary>
    public int RowId { get; set; }

    /// <summary>Null once the chain or the region has gone; the slot is emptied with the next publication.</summary>
    public Chain? Chain { get; set; }

    public SlotQuestion Question { get; set; } = new() { Key = key };

    /// <summary>Who was a candidate in this window and is none any more.</summary>
    public Leavers Leavers { get; set; } = Leavers.None;

    /// <summary>What the indexes in <see cref="Question"/> refer to.</summary>
    public EntryAltruist[] Space { get; set; } = [];

    /// <summary>The decision under way; counts only once it is committed.</summary>
    public SlotOutcome Next { get; } = new();

    public SlotState State { get; set; }

    /// <summary>The primaries, newest first, then the standbys.</summary>
    public Pick[] Picks { get; set; } = [];

    public DateTimeOffset SelectedAt { get; set; }

    /// <summary>0 until something was published.</summary>
    public long Generation { get; set; }

    public DecisionId Decision { get; set; }

    public int Eligible { get; set; }

    /// <summary>The chain and the altruists as they were published, in the order of <see cref="Picks"/>; null after a start.</summary>
    public (Chain? Chain, Altruist[] Altruists)? Published { get; set; }

    /// <summary>What portals are told of it; null before the first snapshot.</summary>
    public SnapshotSlot? Shown { get; set; }

    /// <summary>What is served is not what the generation says it is; only a new one puts that right.</summary>
    public bool MustPublish { get; set; }

    /// <summary>Ids of the overrides that concern the slot now.</summary>
    public string Ruling { get; set; } = "";

    /// <summary>The same at the last decision; null after a start.</summary>
    public string? RuledBy { get; set; }

    public AltruistId? Primary => Picks.Length > 0 ? Picks[0].Altruist : null;

    /// <summary>A window begins.</summary>
    public void ForgetTurns()
    {
        Question.ForgetTurns();
        Leavers = Leavers.InNewWindow();
    }

    public SlotStatus ToStatus()
    {
        var primaries = 0;
        while (primaries < Picks.Length && Picks[primaries].Weight > 0)
            primaries++;
        return new SlotStatus
        {
            Key = key,
            State = State,
            Primaries = new ArraySegment<Pick>(Picks, 0, primaries),
            Standbys = new ArraySegment<Pick>(Picks, primaries, Picks.Length - primaries),
            Published = Published?.Altruists,
            SelectedAt = SelectedAt,
            Generation = Generation,
            Decision = Decision,
            Eligible = Eligible,
            Candidates = Question.Candidates.Length,
        };
    }
}
