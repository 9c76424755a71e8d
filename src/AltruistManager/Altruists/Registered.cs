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
    internal static Refusal Invalid(FieldErrors errors) => new(RefusalKind.Invalid, "invalid", "Some fields are not as they should be.", errors);
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

/// <summary>Who registers or changes something.</summary>
/// <param name="Provider">Whose things they may change; null for staff, who may change all.</param>
public sealed record Registrant(bool IsStaff, ProviderId? Provider)
{
    public static readonly Registrant Staff = new(IsStaff: true, Provider: null);

    public bool MayChange(ProviderId provider) => IsStaff || Provider == provider;
}
