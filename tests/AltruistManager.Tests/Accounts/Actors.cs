using AltruistManager.Accounts;
using AltruistManager.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace AltruistManager.Tests.Accounts;

/// <summary>People and keys for tests of what they may do.</summary>
internal static class Actors
{
    public static readonly Actor Staff = new() { Kind = ActorKind.User, Id = "staff-user", Name = "staff@manager.example", IsStaff = true };

    /// <summary>Of one provider.</summary>
    public static Actor AdminOf(string provider) => Member(provider, MemberRole.Admin);

    /// <inheritdoc cref="AdminOf"/>
    public static Actor ViewerOf(string provider) => Member(provider, MemberRole.Viewer);

    /// <summary>Writes what is told it only when it is asked to.</summary>
    public static RefusalLog Refusals(Database database, TimeProvider? time = null) =>
        new(new AuditStore(database, time ?? TimeProvider.System), time ?? TimeProvider.System, NullLogger<RefusalLog>.Instance);

    private static Actor Member(string provider, MemberRole role) => new()
    {
        Kind = ActorKind.User,
        Id = $"{provider}-{role.ToString().ToLowerInvariant()}",
        Name = $"{role.ToString().ToLowerInvariant()}@{provider}.example",
        Providers = new Dictionary<string, MemberRole> { [provider] = role },
        Address = "203.0.113.7",
    };
}
