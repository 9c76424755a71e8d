using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;

namespace AltruistManager.Web;

/// <summary>
/// Reads the sections of the configuration into their options classes, key by key, and collects everything that is wrong with any of
/// them; the framework's binder stops at the first value it cannot parse, drops bad items of lists and passes over misspelt keys.
/// </summary>
internal sealed class OptionsReader(IConfiguration configuration)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    private readonly List<SettingError> errors = [];

    /// <summary>In the order found.</summary>
    public IReadOnlyList<SettingError> Errors => errors;

    /// <param name="words">What follows the key in a sentence, without its full stop.</param>
    public void Add(string key, string words) => errors.Add(new SettingError(key, words));

    /// <summary>The section with its defaults where a key is missing or bad.</summary>
    public T Read<T>(string section)
        where T : new()
    {
        var options = new T();
        ReadInto(options, section);
        return options;
    }

    /// <summary>A list whose items are of different kinds.</summary>
    /// <param name="make">Options for an item, given its <c>Kind</c>; null for one that is not known.</param>
    /// <param name="kinds">Those that are known.</param>
    /// <returns>Each with the key it stands at.</returns>
    public IReadOnlyList<(string Key, T Options)> ReadList<T>(string section, Func<string?, T?> make, IEnumerable<string> kinds)
        where T : class
    {
        if (!string.IsNullOrEmpty(configuration[section]))
            Add(section, $"is a list: write {section}:0:Kind and so on");
        var items = new List<(string, T)>();
        foreach (var given in configuration.GetSection(section).GetChildren())
        {
            if (make(given["Kind"]) is not { } options)
            {
                Add($"{given.Path}:Kind", $"must be one of {string.Join(", ", kinds)}, not '{given["Kind"]}'");
                continue;
            }

            ReadInto(options, given.Path);
            items.Add((given.Path, options));
        }

        return items;
    }

    private void ReadInto(object options, string section)
    {
        var properties = options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite).ToList();
        foreach (var given in configuration.GetSection(section).GetChildren())
        {
            if (properties.Find(property => string.Equals(property.Name, given.Key, StringComparison.OrdinalIgnoreCase)) is { } property)
                Set(options, property, given, $"{section}:{property.Name}");
            else
                Add($"{section}:{given.Key}", $"is not known; {section} has {string.Join(", ", properties.Select(known => known.Name))}");
        }

        // Values that could not be parsed are still the defaults here, which are good.
        foreach (var property in properties)
        {
            var value = property.GetValue(options);
            foreach (var rule in property.GetCustomAttributes<ValidationAttribute>().Where(rule => !rule.IsValid(value)))
                Add($"{section}:{property.Name}", WordsOf(rule, value));
        }
    }

    private static string WordsOf(ValidationAttribute rule, object? value) => rule switch
    {
        RangeAttribute range => string.Create(CultureInfo.InvariantCulture, $"must be from {range.Minimum} to {range.Maximum}, not {value}"),
        RequiredAttribute => "must not be empty",
        _ => rule.ErrorMessage ?? throw new NotSupportedException($"{rule.GetType()} says no words of its own."),
    };

    private void Set(object options, PropertyInfo property, IConfigurationSection given, string key)
    {
        if (property.PropertyType == typeof(string[]))
        {
            if (!string.IsNullOrEmpty(given.Value))
                Add(key, $"is a list: write {key}:0, {key}:1 and so on");
            else
                property.SetValue(options, given.GetChildren().Select(item => item.Value ?? "").ToArray());
            return;
        }

        if (property.PropertyType == typeof(Dictionary<string, string>))
        {
            if (!string.IsNullOrEmpty(given.Value))
                Add(key, $"has parts: write {key}:NAME for each");
            else
                property.SetValue(options, given.GetChildren().ToDictionary(item => item.Key, item => item.Value ?? ""));
            return;
        }

        if (given.GetChildren().Any())
        {
            Add(key, "is one value and has no parts");
            return;
        }

        var (value, error) = Parse(property.PropertyType, given.Value ?? "");
        if (error is not null)
            Add(key, $"{error}, not '{given.Value}'");
        else if (value is not null || given.Value is null)
            property.SetValue(options, value ?? property.GetValue(options));
    }

    private static (object? Value, string? Error) Parse(Type type, string text)
    {
        if (type == typeof(string))
            return (text.Length == 0 ? null : text, null);
        if (type == typeof(bool))
            return bool.TryParse(text, out var flag) ? (flag, null) : (null, "must be true or false");
        if (type == typeof(int))
            return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? (number, null) : (null, "must be a whole number");
        if (type != typeof(TimeSpan))
            throw new NotSupportedException($"Options of type {type} cannot be read.");

        // A bare number would mean days.
        if (!text.Contains(':', StringComparison.Ordinal) || !TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out var duration))
            return (null, "must be a duration written as hours:minutes:seconds, such as 00:00:10");
        return duration >= Shortest && duration <= Longest ? (duration, null) : (null, "must be a duration from 00:00:00.1 to 1.00:00:00");
    }
}
