namespace AltruistManager.Accounts;

/// <summary>What came of a change of somebody's account.</summary>
/// <param name="Refusal">Why nothing was changed, in words for who asked; null when it is done.</param>
public readonly record struct AccountChange(string? Refusal)
{
    public static readonly AccountChange Done;

    public bool IsDone => Refusal is null;
}

/// <summary>What came of a change of what somebody may do.</summary>
public enum RoleChange
{
    Done,

    /// <summary>It is so already.</summary>
    Nothing,

    /// <summary>Nobody else could do what this user can.</summary>
    LastOne,
}

/// <summary>Says what users may do, and takes it from them. Staff may for everybody; an admin of a provider for its members.</summary>
public sealed class UserRegistry(UserStore store, UserBook book, RefusalLog refusals)
{
    public Task<AccountChange> GrantAsync(Actor actor, string user, Grant grant, CancellationToken cancellation) => ChangeAsync(
        actor, new AuditEntry("user.grant", "user", user) { Provider = grant.Provider },
        Refusal(actor, grant), () => store.GrantAsync(actor, user, grant, cancellation), $"This user {grant} already.", cancellation);

    public Task<AccountChange> RevokeAsync(Actor actor, string user, Grant grant, CancellationToken cancellation) => ChangeAsync(
        actor, new AuditEntry("user.revoke", "user", user) { Provider = grant.Provider },
        Refusal(actor, grant), () => store.RevokeAsync(actor, user, grant, cancellation), "This user does not have that.", cancellation);

    /// <summary>Ends all sessions of a user and lets it in no more; what it did stays under its name.</summary>
    public Task<AccountChange> DisableAsync(Actor actor, string user, CancellationToken cancellation) => ChangeAsync(
        actor, new AuditEntry("user.disable", "user", user), OnlyStaff(actor), () => store.DisableAsync(actor, user, disabled: true, cancellation), "This user is disabled already.", cancellation);

    public Task<AccountChange> EnableAsync(Actor actor, string user, CancellationToken cancellation) => ChangeAsync(
        actor, new AuditEntry("user.enable", "user", user), OnlyStaff(actor), () => store.DisableAsync(actor, user, disabled: false, cancellation), "This user is not disabled.", cancellation);

    /// <summary>Ends all sessions of a user, wherever they are, and every link for a new password; it may sign in again.</summary>
    public Task<AccountChange> EndSessionsAsync(Actor actor, string user, CancellationToken cancellation) => ChangeAsync(
        actor, new AuditEntry("user.end-sessions", "user", user), OnlyStaff(actor), () => store.EndSessionsAsync(actor, user, cancellation), "There is no such user.", cancellation);

    /// <summary>
    /// Takes every second factor from a user who lost them, and ends all its sessions: the password alone lets it in until it sets up another. Nobody does so to oneself: whoever sits
    /// at an open session is not thereby rid of the second factor.
    /// </summary>
    public Task<AccountChange> ClearSecondFactorsAsync(Actor actor, string user, CancellationToken cancellation) => ChangeAsync(
        actor, new AuditEntry("user.clear-second-factor", "user", user),
        OnlyStaff(actor) ?? ((actor.Kind, actor.Id) == (ActorKind.User, user) ? "Another one of staff has to do that: nobody takes their own second factor away." : null),
        () => store.ClearSecondFactorsAsync(actor, user, cancellation), "There is no such user.", cancellation);

    /// <summary>Why an actor may not give or take that; null when it may.</summary>
    internal static string? Refusal(Actor actor, Grant grant) => grant.Provider is { } provider
        ? actor.MayChange(provider) ? null : $"Only staff and the admins of {provider} may do that."
        : OnlyStaff(actor);

    private static string? OnlyStaff(Actor actor) => actor.IsStaff ? null : "Only staff may do that.";

    /// <param name="otherwise">What to say where there is nothing to change.</param>
    private async Task<AccountChange> ChangeAsync(Actor actor, AuditEntry attempt, string? refusal, Func<Task<RoleChange>> change, string otherwise, CancellationToken cancellation)
    {
        var outcome = RoleChange.Done;
        if (refusal is null && (outcome = await change()) is RoleChange.LastOne)
            refusal = $"This is the last {(attempt.Provider is { } provider ? $"admin of {provider}" : "staff user")}: make another one first.";
        if (refusal is not null)
        {
            refusals.Note(actor, attempt with { Detail = refusal });
            return new AccountChange(refusal);
        }

        if (outcome is RoleChange.Nothing)
            return new AccountChange(otherwise);
        await book.RefreshAsync(cancellation);
        return AccountChange.Done;
    }
}
