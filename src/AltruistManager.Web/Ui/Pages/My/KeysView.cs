using AltruistManager.Accounts;

namespace AltruistManager.Web.Ui.Pages.My;

/// <summary>One page of the keys of a provider or a portal.</summary>
/// <param name="Shown">Newest first.</param>
/// <param name="Uses">By key; none of one that was never used.</param>
/// <param name="Active">How many let in now, on whichever page they are.</param>
internal sealed record KeysView(IReadOnlyList<ApiKey> Shown, bool HasMore, IReadOnlyDictionary<string, KeyUse> Uses, int Active)
{
    public static readonly KeysView Empty = new([], false, new Dictionary<string, KeyUse>(), 0);

    private const int Most = 20;

    /// <param name="before">Id of the last one of the page before; null for the first page.</param>
    public static async Task<KeysView> ReadAsync(ApiKeyStore store, KeyUses uses, Actor actor, KeyScope scope, string owner, string? before, CancellationToken cancellation)
    {
        var keys = await store.ListOfAsync(actor, scope, owner, before, Most + 1, cancellation);
        IReadOnlyList<ApiKey> shown = [.. keys.Take(Most)];
        return new KeysView(shown, keys.Count > Most, await uses.FindAsync([.. shown.Select(key => key.Id)], cancellation), await store.CountActiveAsync(scope, owner, cancellation));
    }
}
