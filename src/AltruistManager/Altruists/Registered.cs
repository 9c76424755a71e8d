using AltruistManager.Accounts;
using AltruistManager.Chains;

namespace AltruistManager.Altruists;

public enum RefusalKind
{
    /// <summary>The request itself is wrong; <see cref="Refusal.Errors"/> names every field.</summary>
    Invalid,

    /// <summary>It belongs to somebody else, or only staff may do it.</summary>
    Forbidden,

    /// <summary>There is no such thing.</summary>
    Unknown,

    /// <summary>It collides with something that is there.</summary>
    Taken,

    /// <summary>It was there, and is retired.</summary>
    Retired,
}

/// <param name="Code">A stable short name of the case, such as <c>alias-taken</c>.</param>
/// <param name="Detail">A sentence for the one who asked.</param>
/// <param name="Successor">What replaced a retired chain.</param>
public sealed record Refusal(RefusalKind Kind, string Code, string Detail, FieldErrors? Errors = null, ChainId? Successor = null)
{
    internal static readonly Refusal UrlTaken = new(RefusalKind.Taken, "url-taken", "Another altruist already has this URL.");

    internal static Refusal Invalid(FieldErrors errors) => new(RefusalKind.Invalid, "invalid", "Some fields are not as they should be.", errors);

    /// <summary>Null for an actor who may change the things of the provider.</summary>
    /// <param name="thing">That is not theirs: <c>this altruist</c>.</param>
    internal static Refusal? UnlessMayChange(Actor actor, ProviderId provider, string thing) =>
        actor.MayChange(provider.Value) ? null
        : actor.MaySee(provider.Value) ? new(RefusalKind.Forbidden, "only-looks", $"Who is a viewer of {provider} may look at {thing} and change nothing.")
        : new(RefusalKind.Forbidden, "not-yours", $"{char.ToUpperInvariant(thing[0])}{thing[1..]} belongs to another provider.");

    /// <summary>Null for staff.</summary>
    /// <param name="what">That only they may do: <c>set shares</c>.</param>
    internal static Refusal? UnlessStaff(Actor actor, string what) =>
        actor.IsStaff ? null : new(RefusalKind.Forbidden, "staff-only", $"Only staff may {what}.");
}

/// <summary>What became of a request to register or change something: the thing as it is now, or why not.</summary>
/// <param name="Created">True when it was not there before.</param>
/// <param name="Refusal">Null when it was done; then <paramref name="Value"/> is set.</param>
public readonly record struct Registered<T>(T? Value, bool Created, Refusal? Refusal)
    where T : class
{
    public static implicit operator Registered<T>(Refusal refusal) => new(null, Created: false, refusal);

    internal static Registered<T> Done(T value, bool created) => new(value, created, Refusal: null);
}
