using Microsoft.AspNetCore.Identity;

namespace AltruistManager.Accounts;

/// <summary>Who signs in, as the framework's managers read and change it; nothing is stored before they say so.</summary>
public sealed class User
{
    private static readonly UpperInvariantLookupNormalizer Normalizer = new();

    public required string Id { get; init; }

    public required string Email { get; set; }

    /// <summary>The address as it is compared.</summary>
    public string EmailKey { get; set; } = "";

    /// <summary>Null for who signs in by passkey or another service only.</summary>
    public string? PasswordHash { get; set; }

    /// <summary>Another one ends every session and every link made before.</summary>
    public string SecurityStamp { get; set; } = "";

    public bool IsStaff { get; set; }

    /// <summary>A code of an authenticator app is asked after the password.</summary>
    public bool TwoFactorEnabled { get; set; }

    /// <summary>The authenticator app's key, encrypted.</summary>
    public string? SealedAuthenticatorKey { get; set; }

    /// <summary>Wrong passwords and codes since the last right one.</summary>
    public int FailedCount { get; set; }

    public DateTimeOffset? LockoutEnd { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? SignedInAt { get; set; }

    public DateTimeOffset? DisabledAt { get; set; }

    /// <summary>The invitation that lets a new user in, and is used up by it.</summary>
    public string? InvitationToken { get; init; }

    /// <summary>Who makes it, for the audit trail; null of one who lets itself in.</summary>
    public Actor? MadeBy { get; init; }

    /// <summary>What a new user is given as it is made, where somebody on the machine makes it.</summary>
    public Grant? FirstGrant { get; init; }

    /// <summary>A new one is made only where there is nobody yet.</summary>
    public bool MustBeFirst { get; init; }

    /// <summary>Who makes the next change that is stored, and what the audit trail says of it in the same transaction; null says nothing.</summary>
    public (Actor Actor, AuditEntry Entry)? ToNote { get; set; }

    /// <summary>Counts the stored changes.</summary>
    internal long Version { get; set; }

    /// <param name="invitation">The token that lets it in; null where somebody makes it.</param>
    /// <param name="grant">What somebody on the machine gives it.</param>
    /// <param name="by">Who makes it, where not the token does.</param>
    /// <param name="mustBeFirst">Only where there is nobody yet.</param>
    public static User New(string email, DateTimeOffset now, string? invitation = null, Grant? grant = null, Actor? by = null, bool mustBeFirst = false) =>
        new() { Id = Guid.CreateVersion7(now).ToString(), Email = email, CreatedAt = now, InvitationToken = invitation, FirstGrant = grant, MadeBy = by, MustBeFirst = mustBeFirst };

    /// <summary>An address as it is compared: what a database calls upper case may be that of ASCII alone.</summary>
    public static string KeyOf(string email) => Normalizer.NormalizeEmail(email);
}

/// <summary>What somebody may be given: to be staff, a role with one provider, or a portal.</summary>
public sealed record Grant
{
    public static readonly Grant Staff = new() { IsStaff = true };

    public bool IsStaff { get; private init; }

    public string? Provider { get; private init; }

    /// <summary>With the provider.</summary>
    public MemberRole Role { get; private init; }

    public string? Portal { get; private init; }

    public static Grant Of(string provider, MemberRole role) => new() { Provider = provider, Role = role };

    public static Grant Owning(string portal) => new() { Portal = portal };

    /// <summary>As a sentence goes on after who it is given to.</summary>
    public override string ToString() => this switch
    {
        { IsStaff: true } => "is staff",
        { Provider: { } provider, Role: MemberRole.Admin } => $"may change the things of {provider}",
        { Provider: { } provider } => $"may look at the things of {provider}",
        _ => $"owns the portal {Portal}",
    };
}

/// <summary>What is known of a user without asking the database: who it is now, and what it may do.</summary>
public sealed record KnownUser
{
    public required string Id { get; init; }

    public required string Email { get; init; }

    public required string SecurityStamp { get; init; }

    public required bool IsStaff { get; init; }

    public required bool IsDisabled { get; init; }

    public required IReadOnlyDictionary<string, MemberRole> Providers { get; init; }

    public required IReadOnlyCollection<string> Portals { get; init; }

    /// <summary>Ids of those it has signed out of that would go on otherwise.</summary>
    public required IReadOnlySet<string> EndedSessions { get; init; }
}

/// <summary>One line of a list of users.</summary>
public sealed record UserListing
{
    public required string Id { get; init; }

    public required string Email { get; init; }

    public required bool IsStaff { get; init; }

    /// <summary>An authenticator app or a passkey.</summary>
    public required bool HasSecondFactor { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? SignedInAt { get; init; }

    public DateTimeOffset? DisabledAt { get; init; }

    public DateTimeOffset? LockoutEnd { get; init; }
}
