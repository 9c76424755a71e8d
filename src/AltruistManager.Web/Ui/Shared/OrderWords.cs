using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Selection;
using AltruistManager.Web.Ui.Pages;

namespace AltruistManager.Web.Ui.Shared;

/// <summary>How what staff ordered reads on a page.</summary>
internal static class OrderWords
{
    /// <summary>As a sentence goes on.</summary>
    public static string Where(Roster roster, ChainId? chain, RegionId? region) => (chain, region) switch
    {
        (null, null) => "everywhere",
        ({ } id, null) => $"for {NameOf(roster, id)} in every region",
        (null, { } id) => $"for every chain in {id}",
        ({ } id, { } place) => $"for {NameOf(roster, id)} in {place}",
    };

    /// <summary>Whom it names.</summary>
    public static string Whom(Roster roster, Override rule) =>
        rule.Altruist is { } named ? roster.Altruists.GetValueOrDefault(named)?.Label ?? named.Value : $"all of {MatrixView.ProviderName(roster, rule.Provider ?? default)}";

    /// <summary>Whoever did it, by the <see cref="Actor.Author"/> that is stored with it.</summary>
    public static string By(UserBook users, string author) => author.Split(':', 2) switch
    {
        ["user", var id] => users.Find(id)?.Email ?? id,
        ["key", var id] => $"key {id}",
        ["command", _] => "the command line",
        ["service", _] => "the service",
        _ => author,
    };

    private static string NameOf(Roster roster, ChainId chain) => roster.Chains.GetValueOrDefault(chain)?.Name ?? chain.Value;
}
