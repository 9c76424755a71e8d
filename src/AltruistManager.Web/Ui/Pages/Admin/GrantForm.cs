using AltruistManager.Accounts;

namespace AltruistManager.Web.Ui.Pages.Admin;

/// <summary>What somebody is to be given, as staff choose it.</summary>
public sealed class GrantForm
{
    public const string Nothing = "";
    public const string Staff = "staff";
    public const string Admin = "admin";
    public const string Viewer = "viewer";
    public const string Owner = "owner";

    public string Role { get; set; } = Nothing;

    public string Provider { get; set; } = "";

    public string Portal { get; set; } = "";

    public bool IsOfProvider => Role is Admin or Viewer;

    public bool IsOfPortal => Role is Owner;

    /// <summary>What is missing, in words; null when it is whole.</summary>
    public string? Missing => IsOfProvider && Provider.Length == 0 ? "Say whose things: choose a provider." : IsOfPortal && Portal.Length == 0 ? "Say which portal." : null;

    /// <summary>Null for nothing, and while something is missing.</summary>
    public Grant? ToGrant() => Missing is not null ? null : Role switch
    {
        Staff => Grant.Staff,
        Admin => Grant.Of(Provider, MemberRole.Admin),
        Viewer => Grant.Of(Provider, MemberRole.Viewer),
        Owner => Grant.Owning(Portal),
        _ => null,
    };
}
