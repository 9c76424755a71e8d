using AltruistManager.Altruists;

namespace AltruistManager.Selection;

/// <summary>Whose turns stand where in a slot: those of its candidates and of those that left it in this window. Whoever is not asked for has left.</summary>
internal sealed class TurnsHad
{
    private readonly Dictionary<AltruistId, AltruistLeft> altruists = [];
    private readonly Dictionary<ProviderId, ProviderLeft> providers = [];

    public TurnsHad(SlotMemory slot)
    {
        foreach (var left in slot.Leavers.Altruists)
            altruists[left.Altruist] = left;
        foreach (var left in slot.Leavers.Providers)
            providers[left.Provider] = left;
        foreach (ref readonly var candidate in slot.Question.Candidates.AsSpan())
        {
            var altruist = slot.Space[candidate.Altruist];
            altruists[altruist.Id] = new AltruistLeft(altruist.Id, candidate.Turns, candidate.Contender);
            ref readonly var provider = ref slot.Question.Providers.AsSpan()[candidate.Provider];
            providers[altruist.Provider] = new ProviderLeft(altruist.Provider, provider.Turns, provider.Given, provider.Contender);
        }
    }

    /// <summary>One that was never there has none and took no part.</summary>
    public AltruistLeft Take(AltruistId altruist) => altruists.Remove(altruist, out var had) ? had : new AltruistLeft(altruist, 0, Contender: false);

    /// <inheritdoc cref="Take(AltruistId)"/>
    public ProviderLeft Take(ProviderId provider) => providers.Remove(provider, out var had) ? had : new ProviderLeft(provider, 0, 0, Contender: false);

    /// <summary>Those not asked for.</summary>
    public Leavers Rest() => altruists.Count == 0 && providers.Count == 0 ? Leavers.None : Leavers.Of(altruists.Values, providers.Values);
}
