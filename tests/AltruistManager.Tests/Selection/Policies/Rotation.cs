using AltruistManager.Altruists;
using AltruistManager.Selection;
using AltruistManager.Selection.Policies;

namespace AltruistManager.Tests.Selection.Policies;

/// <summary>One slot over many rounds and windows, driven by the pure rules alone.</summary>
internal sealed class Rotation
{
    private readonly AltruistId[] ids;
    private readonly ProviderId[] providerIds;
    private byte[] seed = new byte[32];
    private long round;

    public Rotation(string policy, int primaries, params int[] providers)
    {
        ids = [.. providers.Select((_, number) => new AltruistId($"altruist-{number:00}"))];
        providerIds = [.. Enumerable.Range(0, providers.Max() + 1).Select(number => new ProviderId($"provider-{number}"))];
        Question = new SlotQuestion
        {
            Key = new(new("0021"), new("us-east")),
            Policy = SelectionPolicies.Find(policy)!,
            Primaries = primaries,
            Rotate = true,
            Candidates = [.. providers.Select((provider, number) => new Candidate { Altruist = number, Provider = (short)provider, ExcludedBy = -1, Contender = true })],
            Providers = new ProviderTurns[providers.Max() + 1],
        };
        Facts = [.. providers.Select((provider, number) => new AltruistFacts { Usability = Usability.Healthy, Tier = 1, Provider = provider, Host = number })];
        Draw();
    }

    public SlotQuestion Question { get; }

    public AltruistFacts[] Facts { get; }

    public SelectorRules Rules { get; set; } = new(2, ByProvider: false);

    public SlotOutcome Outcome { get; } = new();

    /// <summary>A window's worth of rounds: those that an hour has at five minutes each.</summary>
    public const int Rounds = 12;

    public int[] Primaries => [.. Outcome.Picks.Where(pick => pick.Weight > 0).Select(pick => pick.Altruist)];

    /// <summary>A round.</summary>
    public int[] Next()
    {
        round++;
        Decide(rotate: true);
        return Primaries;
    }

    /// <summary>The standing rule between rounds.</summary>
    public int[] Settle()
    {
        Decide(rotate: false);
        return Primaries;
    }

    public void Judge(int altruist, Usability usability) => Facts[altruist] = Facts[altruist] with { Usability = usability };

    public void NextWindow()
    {
        seed = DrawOrder.Seed(seed, round);
        Question.ForgetTurns();
        Draw();
    }

    private void Draw()
    {
        foreach (ref var candidate in Question.Candidates.AsSpan())
            candidate.Draw = DrawOrder.Draw(seed, Question.Key, ids[candidate.Altruist]);
        for (var i = 0; i < providerIds.Length; i++)
            Question.Providers[i].Draw = DrawOrder.Draw(seed, Question.Key, providerIds[i]);
    }

    private void Decide(bool rotate)
    {
        Question.Rotate = rotate;
        Selector.Decide(Question, Facts, Rules with { Round = round }, Outcome);
        Question.Follow(Outcome);
    }
}
