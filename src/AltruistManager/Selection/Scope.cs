using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Selection;

/// <summary>The chain and the region that an order of staff names; null for all.</summary>
internal static class Scope
{
    /// <param name="chain">Id or alias.</param>
    public static (ChainId? Chain, RegionId? Region) Check(Roster roster, string? chain, string? region, FieldErrors errors)
    {
        var found = chain is null ? null : roster.FindChain(chain);
        if (chain is not null && found is null)
            errors.Add("chain", $"names no chain: '{chain}'");
        else if (found?.RetiredAt is not null)
            errors.Add("chain", $"is retired: '{chain}'");
        RegionId? named = region is null ? null : new RegionId(region);
        if (named is { } id && !roster.Regions.ContainsKey(id))
            errors.Add("region", $"names no region: '{region}'");
        return (found?.Id, named);
    }
}
