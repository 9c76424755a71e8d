namespace AltruistManager.Web.Commands.Follow;

/// <summary>What the mirror needs besides its arguments.</summary>
internal sealed class FollowOptions
{
    public const string Section = "Follow";

    /// <summary>A portal key of the managers; it reads picks and passes reports on.</summary>
    public string? Key { get; set; }

    /// <summary>Holds the last good picks and how far the log was proven.</summary>
    public string DataDirectory { get; set; } = Path.Combine("data", "follow");

    /// <summary>Id of the key that must sign the log; null takes the one that is found, and tells a change in the log of the process.</summary>
    public string? LogKey { get; set; }
}
