using System.Collections.Frozen;
using CsvHelper;

namespace AltruistManager.Chains;

/// <summary>What is known of a chain before anybody registers it; null and empty mean that no source says.</summary>
/// <param name="Identity">Null where staff must give it.</param>
/// <param name="Aliases">Other names of the same chain in its ecosystem.</param>
/// <param name="Disputed">What the sources of these facts disagree about, or what none of them says; null where they agree.</param>
public sealed record CatalogChain(
    ChainId Id, string Name, string? Protocol, string? Identity, double? BlockTimeSeconds, int? LagToleranceBlocks,
    IReadOnlyList<string> Requires, IReadOnlyList<string> Aliases, string? Disputed);

/// <summary>The chains that ship with the product (<c>catalog.csv</c>): registering one by its id fills in what is known of it.</summary>
public sealed class ChainCatalog
{
    private readonly FrozenDictionary<ChainId, CatalogChain> chains;

    public ChainCatalog()
    {
        using var resource = typeof(ChainCatalog).Assembly.GetManifestResourceStream("AltruistManager.Chains.catalog.csv")!;
        chains = Read(resource).ToFrozenDictionary(chain => chain.Id);
        Protocols = chains.Values.Select(chain => chain.Protocol).OfType<string>().Append("substrate").ToFrozenSet();
    }

    public IReadOnlyCollection<CatalogChain> Chains => chains.Values;

    /// <summary>The families a chain may be of; not all of them can be probed yet.</summary>
    public IReadOnlySet<string> Protocols { get; }

    /// <summary>Null for a chain that is not known; ids are case-sensitive.</summary>
    public CatalogChain? Find(ChainId id) => chains.GetValueOrDefault(id);

    private static List<CatalogChain> Read(Stream resource)
    {
        using var csv = CsvReader.Create(resource, new CsvReaderOptions { NullValues = [""] });
        var read = new List<CatalogChain>();
        while (csv.Read())
        {
            read.Add(new CatalogChain(
                new ChainId(csv.GetString("id")),
                csv.GetString("name"),
                csv.GetStringOrNull("protocol"),
                csv.GetStringOrNull("identity"),
                Number("block_time_seconds"),
                (int?)Number("lag_tolerance_blocks"),
                Words(csv.GetString("requires")),
                Words(csv.GetString("aliases")),
                csv.GetStringOrNull("disputed")));
        }

        return read;

        double? Number(string column) => csv.GetStringOrNull(column) is null ? null : csv.Parse<double>(column);

        static string[] Words(string list) => list.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }
}
