namespace AltruistManager.Web.Ui.Shared;

/// <summary>The addresses of lists that are filtered and read page by page.</summary>
internal static class Query
{
    /// <summary>Null for what says nothing.</summary>
    public static string? Given(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();

    /// <summary>Null for the first page, which the address does not name.</summary>
    public static string? OfPage(int page) => page > 1 ? page.ToString(System.Globalization.CultureInfo.InvariantCulture) : null;

    /// <summary>The path with those parameters that say something.</summary>
    public static string Link(string path, params (string Name, string? Value)[] parameters)
    {
        var given = string.Join('&', parameters.Where(pair => pair.Value is not null).Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value!)}"));
        return given.Length == 0 ? path : $"{path}?{given}";
    }
}
