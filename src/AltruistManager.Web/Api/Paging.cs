namespace AltruistManager.Web.Api;

/// <summary>A list as the contract gives it. <paramref name="Next"/> goes into <c>before</c>; null on the last page.</summary>
internal sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>
/// The query parameters <c>limit</c> and <c>before</c>; an endpoint asks for it as a parameter and returns <see cref="Problem"/> when that is set.
/// Ask the store for <see cref="Fetch"/> rows and hand them to <see cref="Of"/>, which sees from the one too many whether there is a next page.
/// </summary>
internal sealed record Paging(int Limit, string? Before, Problem? Problem)
{
    public const int Most = 200;

    private const int Usual = 50;

    public int Fetch => Limit + 1;

    public Page<TItem> Of<TRow, TItem>(IReadOnlyList<TRow> rows, Func<TRow, TItem> show, Func<TRow, string> key) =>
        new([.. rows.Take(Limit).Select(show)], rows.Count > Limit ? key(rows[Limit - 1]) : null);

    public static ValueTask<Paging> BindAsync(HttpContext context)
    {
        var query = context.Request.Query;
        var before = query["before"].ToString();
        var limit = query["limit"].ToString();
        if (limit.Length == 0)
            return ValueTask.FromResult(new Paging(Usual, Null(before), null));
        return ValueTask.FromResult(int.TryParse(limit, out var number) && number is >= 1 and <= Most
            ? new Paging(number, Null(before), null)
            : new Paging(Usual, null, Problems.BadField("limit", $"must be a whole number from 1 to {Most}")));

        static string? Null(string text) => text.Length == 0 ? null : text;
    }
}
