namespace AltruistManager.Web.Security;

/// <summary>Where a form or a sign-in goes back to. Anything but a path of this site would make it a redirector to others.</summary>
internal static class LocalPath
{
    public static bool IsLocal(string? path) =>
        path is ['/', ..] && !path.StartsWith("//", StringComparison.Ordinal) && !path.Contains('\\') && !path.Any(char.IsControl);

    public static string Or(string? path, string otherwise) => IsLocal(path) ? path! : otherwise;
}
