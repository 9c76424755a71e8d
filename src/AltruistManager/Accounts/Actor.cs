using System.Collections.Frozen;

namespace AltruistManager.Accounts;

/// <summary>What kind of hand did something.</summary>
public enum ActorKind
{
    /// <summary>A person who is signed in.</summary>
    User,

    /// <summary>A program with an API key.</summary>
    Key,

    /// <summary>A command on the machine itself.</summary>
    Command,

    /// <summary>The service, by its own rules.</summary>
    Service,

    /// <summary>Who could not or did not say who they are.</summary>
    Nobody,
}

/// <summary>What a member may do with the things of its provider.</summary>
public enum MemberRole
{
    /// <summary>Looks, and changes nothing.</summary>
    Viewer,

    /// <summary>Looks, changes, and says who else may.</summary>
    Admin,
}

/// <summary>Who does something, what they may do it to, and from where. Every change is decided on one, and the audit trail names it.</summary>
public sealed record Actor
{
    /// <summary>A command that whoever holds the machine runs on the database itself.</summary>
    public static readonly Actor Operator = new() { Kind = ActorKind.Command, Id = "operator", Name = "command line", IsStaff = true };

    /// <summary>The service itself.</summary>
    public static readonly Actor Service = new() { Kind = ActorKind.Service, Id = "service", Name = "the service", IsStaff = true };

    public required ActorKind Kind { get; init; }

    /// <summary>Of the user or key.</summary>
    public required string Id { get; init; }

    /// <summary>As people know it: the user's email address, the key's name.</summary>
    public required string Name { get; init; }

    /// <summary>Staff may do everything.</summary>
    public bool IsStaff { get; init; }

    /// <summary>Ids of the providers whose things these are.</summary>
    public IReadOnlyDictionary<string, MemberRole> Providers { get; init; } = FrozenDictionary<string, MemberRole>.Empty;

    /// <summary>Ids of the portals whose keys and reports these are.</summary>
    public IReadOnlyCollection<string> Portals { get; init; } = [];

    /// <summary>A second factor was proven in the session in which they act; keys and commands have none.</summary>
    public bool HasSecondFactor { get; init; }

    /// <summary>Network address the request came from; null where there is none.</summary>
    public string? Address { get; init; }

    /// <summary>The one provider whose things they are; null for none and for several.</summary>
    public string? OnlyProvider => Providers.Count == 1 ? Providers.Keys.First() : null;

    /// <summary>As it is stored beside what was made: <c>user:…</c>, <c>key:…</c>.</summary>
    public string Author => $"{Kind.ToString().ToLowerInvariant()}:{Id}";

    /// <summary>May do nothing; told apart by where it is.</summary>
    public static Actor Nobody(string? address) => new() { Kind = ActorKind.Nobody, Id = address ?? "unknown", Name = "", Address = address };

    /// <summary>A user at its own account, before or without a session: it may do nothing else.</summary>
    public static Actor Of(User user, string? address = null) => new() { Kind = ActorKind.User, Id = user.Id, Name = user.Email, IsStaff = user.IsStaff, Address = address };

    /// <summary>Whoever holds the key.</summary>
    public static Actor Of(ApiKey key) => new()
    {
        Kind = ActorKind.Key,
        Id = key.Id,
        Name = key.Name,
        IsStaff = key.Scope is KeyScope.Staff,
        Providers = key is { Scope: KeyScope.Provider, ProviderId: { } provider } ? new Dictionary<string, MemberRole> { [provider] = MemberRole.Admin } : FrozenDictionary<string, MemberRole>.Empty,
        Portals = key is { Scope: KeyScope.Portal, PortalId: { } portal } ? [portal] : [],
    };

    public bool MaySee(string provider) => IsStaff || Providers.ContainsKey(provider);

    public bool MayChange(string provider) => IsStaff || (Providers.TryGetValue(provider, out var role) && role is MemberRole.Admin);

    public bool MayUsePortal(string portal) => IsStaff || Portals.Contains(portal);
}
