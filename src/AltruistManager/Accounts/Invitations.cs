namespace AltruistManager.Accounts;

/// <summary>Lets people in by a link: staff invite to everything, an admin of a provider to that provider.</summary>
public sealed class Invitations(InvitationStore store, UserBook book, RefusalLog refusals, TimeProvider time)
{
    /// <summary>How long a link may be good.</summary>
    public static readonly IReadOnlyList<TimeSpan> Lifetimes = [TimeSpan.FromDays(1), TimeSpan.FromDays(7), TimeSpan.FromDays(30)];

    /// <summary>Unless somebody says otherwise.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    /// <param name="email">Whom it is for; null for whoever holds the link.</param>
    /// <param name="lifetime">The longest of <see cref="Lifetimes"/> at most.</param>
    /// <returns>The path of the link, which is told once.</returns>
    public async Task<(string? Path, AccountChange Outcome)> InviteAsync(Actor actor, Grant grant, string? email, TimeSpan lifetime, CancellationToken cancellation)
    {
        if (Refused(actor, grant, "invitation.add", "") is { } refusal)
            return (null, new AccountChange(refusal));
        if (lifetime <= TimeSpan.Zero || lifetime > Lifetimes[^1])
            return (null, new AccountChange($"A link is good for {Lifetimes[^1].TotalDays} days at most."));
        var address = string.IsNullOrWhiteSpace(email) ? null : email.Trim();
        if (address is not null && !(address.Length <= 254 && address.Count(character => character == '@') == 1 && !address.Any(char.IsWhiteSpace)))
            return (null, new AccountChange($"'{address}' is no email address."));
        return ($"/join/{await store.AddAsync(actor, address, grant, lifetime, cancellation)}", AccountChange.Done);
    }

    /// <summary>Those that are still good, newest first, as far as the actor may make such ones.</summary>
    public async Task<IReadOnlyList<Invitation>> ListAsync(Actor actor, string provider, CancellationToken cancellation) =>
        actor.MayChange(provider) ? await store.ListGoodAsync(provider, cancellation) : [];

    /// <summary>The same of those to look after a portal.</summary>
    public async Task<IReadOnlyList<Invitation>> ListOfPortalAsync(Actor actor, string portal, CancellationToken cancellation) =>
        actor.IsStaff ? await store.ListGoodOfPortalAsync(portal, cancellation) : [];

    public async Task<AccountChange> RevokeAsync(Actor actor, string id, CancellationToken cancellation)
    {
        if (await store.FindByIdAsync(id, cancellation) is not { } invitation)
            return new AccountChange("There is no such invitation.");
        if (Refused(actor, invitation.Grant, "invitation.revoke", id) is { } refusal)
            return new AccountChange(refusal);
        return await store.RevokeAsync(actor, invitation, cancellation) ? AccountChange.Done : new AccountChange("This invitation is not good any more.");
    }

    /// <summary>Null when it is not good, whatever the reason.</summary>
    public async Task<Invitation?> FindGoodAsync(string token, CancellationToken cancellation) =>
        await store.FindAsync(token, cancellation) is { } found && found.IsGood(time.GetUtcNow()) ? found : null;

    /// <summary>Gives a user who is there already what the invitation says.</summary>
    public async Task<AccountChange> AcceptAsync(string token, User user, CancellationToken cancellation)
    {
        switch (await store.UseAsync(token, user, cancellation))
        {
            case InvitationUse.Over:
                return new AccountChange("This invitation is not good any more, or it is for somebody else: ask for another.");
            case InvitationUse.Needless:
                return new AccountChange("You may do that already. The link stays good for whom it is for.");
        }

        await book.RefreshAsync(cancellation);
        return AccountChange.Done;
    }

    private string? Refused(Actor actor, Grant grant, string action, string id)
    {
        var refusal = UserRegistry.Refusal(actor, grant);
        if (refusal is not null)
            refusals.Note(actor, new AuditEntry(action, "invitation", id) { Provider = actor.OnlyProvider, Detail = refusal });
        return refusal;
    }
}
