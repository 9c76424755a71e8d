using System.Net;
using AltruistManager.Storage;

namespace AltruistManager.Altruists;

/// <summary>What later rooms decide about a registration. Implemented where their options are known.</summary>
public interface IRegistrationRules
{
    /// <summary>Whether <c>http</c> and <c>ws</c> URLs are taken.</summary>
    bool AllowHttp { get; }

    /// <summary>Whether an altruist may be registered at this address, written out in its URL.</summary>
    /// <param name="byStaff">Staff may register addresses of the configured private networks.</param>
    bool MayUse(IPAddress address, bool byStaff);

    /// <summary>Names of the selection policies.</summary>
    IReadOnlyList<string> Policies { get; }

    /// <summary>That of a call which names none: it always exists.</summary>
    RegionId DefaultRegion { get; }
}

/// <summary>Hands the health of a retired altruist on to the one that is added at its URL, so that re-adding washes nothing off. Implemented by Health.</summary>
public interface IHealthHeritage
{
    /// <summary>Called in the transaction that adds <paramref name="heir"/>.</summary>
    Task InheritAsync(WriteTransaction write, AltruistId retired, AltruistId heir);

    /// <summary>
    /// Forgets the URLs that versions before kept with the health, in the transaction that encrypts those of the altruists, and tells at which URL each was
    /// last good.
    /// </summary>
    Task<IReadOnlyDictionary<AltruistId, string>> TakeUrlsAsync(WriteTransaction write);
}
