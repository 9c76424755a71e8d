namespace AltruistManager.Accounts;

/// <summary>How people sign in (section <c>Accounts</c>).</summary>
public sealed class AccountsOptions
{
    public const string Section = "Accounts";

    /// <summary>Staff who signed in with a password alone may do no more than any user, until they have set up a second factor.</summary>
    public bool RequireSecondFactorForStaff { get; set; }
}
