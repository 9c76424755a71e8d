using AltruistManager.Altruists;

namespace AltruistManager.Selection;

/// <summary>
/// Who is a candidate of a slot no more, with the turns of this window: one that comes back goes on from them, so that nobody stands with the fewest by leaving. Few, mostly none.
/// </summary>
/// <param name="Altruists">In the order of their ids.</param>
/// <param name="Providers">Those of whom no altruist is a candidate any more, in the order of their ids.</param>
public sealed record Leavers(AltruistLeft[] Altruists, ProviderLeft[] Providers)
{
    public static Leavers None { get; } = new([], []);

    public bool IsEmpty => Altruists.Length == 0 && Providers.Length == 0;

    /// <summary>A decision was made without them: none took part in it, and who had no turn is as one that was never there.</summary>
    /// <param name="countsProviders">Whether that decision counted the turns of providers.</param>
    public Leavers AfterDecision(bool countsProviders) => IsEmpty
        ? this
        : OrNone(
            [.. Altruists.Where(left => left.Turns > 0).Select(left => left with { Contender = false })],
            countsProviders ? [.. Providers.Where(left => (left.Turns, left.Given) != (0, 0)).Select(left => left with { Contender = false })] : []);

    /// <summary>A window begins.</summary>
    public Leavers InNewWindow() => IsEmpty
        ? this
        : OrNone(
            [.. Altruists.Where(left => left.Contender).Select(left => left with { Turns = 0 })],
            [.. Providers.Where(left => left.Contender).Select(left => left with { Turns = 0, Given = 0 })]);

    /// <summary>Those that anything is to be remembered of.</summary>
    public static Leavers Of(IEnumerable<AltruistLeft> altruists, IEnumerable<ProviderLeft> providers) => OrNone(
        [.. altruists.Where(left => left.Turns > 0 || left.Contender).OrderBy(left => left.Altruist)],
        [.. providers.Where(left => left.Turns > 0 || left.Given > 0 || left.Contender).OrderBy(left => left.Provider)]);

    private static Leavers OrNone(AltruistLeft[] altruists, ProviderLeft[] providers) => altruists.Length == 0 && providers.Length == 0 ? None : new(altruists, providers);
}

/// <param name="Turns">In hundredths.</param>
/// <param name="Contender">It took part in the slot's last decision: no decision was made without it yet.</param>
public readonly record struct AltruistLeft(AltruistId Altruist, int Turns, bool Contender);

/// <inheritdoc cref="ProviderTurns"/>
public readonly record struct ProviderLeft(ProviderId Provider, int Turns, int Given, bool Contender);
