using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Web.Ui.Pages;

namespace AltruistManager.Web.Ui.Shared;

/// <summary>What is registered, as it is looked for by a part of its name or id. Those whose name begins with it come first.</summary>
internal static class Finders
{
    public static IEnumerable<Found> Altruists(Roster roster, string text) => roster.Live
        .Where(altruist => Holds(altruist.Label, text) || altruist.Id.Value == text || Holds(altruist.Provider.Value, text) || altruist.Chains.Any(chain => chain.Value == text))
        .OrderBy(altruist => Rank(altruist.Label, text)).ThenBy(altruist => altruist.Label, StringComparer.Ordinal).ThenBy(altruist => altruist.Id)
        .Select(altruist => new Found(altruist.Id.Value, altruist.Label, MatrixView.ProviderName(roster, altruist.Provider)));

    public static IEnumerable<Found> Providers(Roster roster, string text) => roster.Providers.Values
        .Where(provider => Holds(provider.Name, text) || Holds(provider.Id.Value, text))
        .OrderBy(provider => Rank(provider.Name, text)).ThenBy(provider => provider.Name, StringComparer.Ordinal).ThenBy(provider => provider.Id)
        .Select(provider => new Found(provider.Id.Value, provider.Name, provider.Id.Value));

    /// <summary>Those that are not retired.</summary>
    public static IEnumerable<Found> Chains(Roster roster, string text) => roster.Chains.Values
        .Where(chain => chain.RetiredAt is null && (Holds(chain.Name, text) || Holds(chain.Id.Value, text) || chain.Aliases.Any(alias => Holds(alias, text))))
        .OrderBy(chain => Rank(chain.Name, text)).ThenBy(chain => chain.Name, StringComparer.Ordinal).ThenBy(chain => chain.Id)
        .Select(chain => new Found(chain.Id.Value, chain.Name, chain.Id.Value));

    /// <summary>Of the catalogue, what is not registered here.</summary>
    public static IEnumerable<Found> Catalogued(ChainCatalog catalog, Roster roster, string text) => catalog.Chains
        .Where(chain => roster.Chains.GetValueOrDefault(chain.Id) is null or { RetiredAt: not null })
        .Where(chain => Holds(chain.Name, text) || Holds(chain.Id.Value, text) || chain.Aliases.Any(alias => Holds(alias, text)))
        .OrderBy(chain => Rank(chain.Name, text)).ThenBy(chain => chain.Name, StringComparer.Ordinal).ThenBy(chain => chain.Id)
        .Select(chain => new Found(chain.Id.Value, chain.Name, chain.Id.Value));

    public static string NameOfAltruist(Roster roster, string id) => roster.Altruists.GetValueOrDefault(new AltruistId(id)) is { } altruist
        ? $"{altruist.Label} of {MatrixView.ProviderName(roster, altruist.Provider)}"
        : id;

    public static string NameOfProvider(Roster roster, string id) => MatrixView.ProviderName(roster, new ProviderId(id));

    public static string NameOfChain(Roster roster, string id) => roster.FindChain(id) is { } chain ? $"{chain.Name} ({chain.Id})" : id;

    private static bool Holds(string name, string text) => name.Contains(text, StringComparison.OrdinalIgnoreCase);

    private static int Rank(string name, string text) => name.StartsWith(text, StringComparison.OrdinalIgnoreCase) ? 0 : 1;
}
