using AltruistManager.Accounts;
using AltruistManager.Altruists;

namespace AltruistManager.Traffic;

/// <summary>A key of a portal and when it was used.</summary>
/// <param name="Use">Null when it never was.</param>
public sealed record PortalKeyUse(string Id, string Name, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, KeyUse? Use);

/// <summary>An altruist that whoever held the keys could be told of.</summary>
/// <param name="PickedFrom">When it first was a primary of what the portal reads, within the time; null if it never was: it may have stood by, and its URL could be read.</param>
/// <param name="PickedUntil">When it last was.</param>
public sealed record ExposedAltruist(Altruist Altruist, DateTimeOffset? PickedFrom, DateTimeOffset? PickedUntil);

/// <param name="Since">When one of the keys was first used; null if none ever was, and then nobody is exposed.</param>
/// <param name="Until">When one was last used, or could be no more.</param>
/// <param name="Altruists">In the order of their ids.</param>
public sealed record PortalExposure(IReadOnlyList<PortalKeyUse> Keys, DateTimeOffset? Since, DateTimeOffset? Until, IReadOnlyList<ExposedAltruist> Altruists);

/// <summary>Tells which altruists a leaked key may have given away, so that their credentials and URLs can be changed.</summary>
public sealed class PortalExposures(PortalExposureStore store, KeyUses uses, RosterCache rosters, TimeProvider time)
{
    /// <summary>Uses are written each minute: those of the last one before a crash are not.</summary>
    private static readonly TimeSpan Unwritten = TimeSpan.FromMinutes(1);

    /// <param name="key">Null for all that the portal ever had.</param>
    /// <returns>Null when the portal has no such key.</returns>
    public async Task<PortalExposure?> FindAsync(Portal portal, string? key, CancellationToken cancellation)
    {
        var keys = new List<PortalKeyUse>();
        foreach (var known in (await store.KeysAsync(portal.Id, cancellation)).Where(known => key is null || known.Id == key))
            keys.Add(known with { Use = await uses.FindAsync(known.Id, cancellation) });
        if (key is not null && keys.Count == 0)
            return null;

        var used = keys.Where(known => known.Use is not null).ToList();
        if (used.Count == 0)
            return new PortalExposure(keys, null, null, []);
        var since = used.Min(known => known.Use!.FirstAt);
        var until = used.Max(EndOf);
        var picked = (await store.PickedAsync(portal, since, until, cancellation)).ToDictionary(pick => pick.Altruist);
        var roster = rosters.Current;
        return new PortalExposure(keys, since, until,
        [
            .. roster.Altruists.Values
                .Where(altruist => picked.ContainsKey(altruist.Id) || (portal.MayRead(altruist, roster) && altruist.CreatedAt <= until && !(altruist.RetiredAt < since)))
                .OrderBy(altruist => altruist.Id)
                .Select(altruist => picked.TryGetValue(altruist.Id, out var pick) ? new ExposedAltruist(altruist, pick.From, pick.Until) : new ExposedAltruist(altruist, null, null)),
        ]);
    }

    private DateTimeOffset EndOf(PortalKeyUse key)
    {
        var end = key.Use!.LastAt is { } last ? last + Unwritten : time.GetUtcNow();
        foreach (var over in new[] { key.RevokedAt, key.ExpiresAt })
            end = over < end ? over.Value : end;
        return end;
    }
}
