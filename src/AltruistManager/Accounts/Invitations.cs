namespace AltruistManager.Accounts;

/// <summary>Lets people in by a link: staff invite to everything, an admin of a provider to that provider.</summary>
public sealed class Invitations(InvitationStore store, UserBook book, TimeProvider time)
{
    /// <summary>A link is good for so long.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    /// <param name="email">Whom it is for; null for whoever holds the link.</param>
    /// <returns>The path of the link, which is told once.</returns>
    public async Task<(string? Path, AccountChange Outcome)> InviteAsync(Actor actor, Grant grant, string? email, CancellationToken cancellation)
    {
        if (UserRegistry.Refusal(actor, grant) is { } refusal)
            return (null, new AccountChange(refusal));
        var address = string.IsNullOrWhiteSpace(email) ? null : email.Trim();
        if (address is not null && !(address.Length <= 254 && address.Count(character => character == '@') == 1 && !address.Any(char.IsWhiteSpace)))
            return (null, new AccountChange($"'{address}' is no email address."));
        return ($"/join/{await store.AddAsync(actor, address, grant, Lifetime, cancellation)}", AccountChange.Done);
    }

    /// <summary>Those that are still good, newest first, as far as the actor may make such ones.</summary>
    /// <param name="provider">Only those to it; null means all, which are staff's.</param>
    public async Task<IReadOnlyList<Invitation>> ListAsync(Actor actor, string? provider, CancellationToken cancellation) =>
        (provider is null ? actor.IsStaff : actor.MayChange(provider)) ? await store.ListGoodAsync(provider, cancellation) : [];

    public async Task<AccountChange> RevokeAsync(Actor actor, string id, CancellationToken cancellation)
    {
        if (await store.FindByIdAsync(id, cancellation) is not { } invitation)
            return new AccountChange("There is no such invitation.");
        if (UserRegistry.Refusal(actor, invitation.Grant) is { } refusal)
            return new AccountChange(refusal);
        return await store.RevokeAsync(actor, invitation, cancellation) ? AccountChange.Done : new AccountChange("This invitation is not good any more.");
    }

    /// <summary>Null when it is not good, whatever the reason.</summary>
    public async Task<Invitation?> FindGoodAsync(string token, CancellationToken cancellation) =>
        await store.FindAsync(token, cancellation) is { } found && found.IsGood(time.GetUtcNow()) ? found : null;

    /// <summary>Gives a user who is there already what the invitation says.</summary>
    public async Task<AccountChange> AcceptAsync(string token, User user, CancellationToken cancellation)
    {
        if (await store.UseAsync(token, user, cancellation) is null)
            return new AccountChange("This invitation is not good any more, or it is for somebody else: ask for another.");
        await book.RefreshAsync(cancellation);
        return AccountChange.Done;
    }
}
