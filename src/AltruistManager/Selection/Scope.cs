using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Selection;

/// <summary>What orders of staff have in common: the chain and the region that they name, null for all, and their reason.</summary>
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

    public static void CheckReason(string? reason, FieldErrors errors)
    {
        if (reason is null && !errors.Has("reason"))
            errors.Add("reason", "is required");
        errors.Text("reason", reason, OverrideDraft.MostReason);
    }
}
