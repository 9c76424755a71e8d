using System.Text;
using AltruistManager.Accounts;
using Microsoft.AspNetCore.WebUtilities;

namespace AltruistManager.Web.Security;

/// <summary>Links for a new password, which staff hand over by whatever way they know the user. Good once, for a day.</summary>
internal sealed partial class PasswordLinks(Users users, AuditStore audit, RefusalLog refusals, ILogger<PasswordLinks> logger)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    /// <returns>The path of the link, which is told once.</returns>
    public async Task<(string? Path, AccountChange Outcome)> MakeAsync(Actor actor, string userId)
    {
        if (!actor.IsStaff)
        {
            refusals.Note(actor, new AuditEntry("user.password-link", "user", userId) { Provider = actor.OnlyProvider, Detail = "Only staff may do that." });
            return (null, new AccountChange("Only staff may do that."));
        }

        if (await users.FindByIdAsync(userId) is not { } user)
            return (null, new AccountChange("There is no such user."));
        var token = WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(await users.GeneratePasswordResetTokenAsync(user)));
        await audit.AppendAsync(actor, new AuditEntry("user.password-link", "user", user.Id), CancellationToken.None);
        LogMade(actor.Name, user.Email);
        return ($"/reset-password?user={user.Id}&token={token}", AccountChange.Done);
    }

    /// <param name="address">Network address of who uses it.</param>
    /// <returns>What is wrong, in words; null when the password is set.</returns>
    public async Task<string?> UseAsync(string? userId, string? token, string password, string address)
    {
        if (userId is null || await users.FindByIdAsync(userId) is not { DisabledAt: null } user)
            return Refused(userId, address, "This link is not good any more: ask for another.");
        string text;
        try
        {
            text = Encoding.UTF8.GetString(WebEncoders.Base64UrlDecode(token ?? ""));
        }
        catch (FormatException)
        {
            return Refused(userId, address, "This link is not whole: copy all of it.");
        }

        var result = await users.SetPasswordByLinkAsync(user, text, password, address);
        if (!result.Succeeded)
            return result.Errors.Any(error => error.Code == Users.LinkIsOver) ? Refused(userId, address, Users.Explain(result)) : Users.Explain(result);
        LogUsed(user.Email, address);
        return null;
    }

    /// <summary>A password that is too short is a slip of the pen; a link that is not good may be somebody's guess.</summary>
    private string Refused(string? userId, string address, string why)
    {
        refusals.Note(Actor.Nobody(address), new AuditEntry("user.use-password-link", "user", userId ?? "") { Detail = why });
        return why;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Staff} made a link for a new password of {Email}")]
    private partial void LogMade(string staff, string email);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Email} set a new password by a link from {Address}")]
    private partial void LogUsed(string email, string address);
}
