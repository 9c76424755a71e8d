using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AltruistManager.Chains.Protocols;

/// <summary>Where in an answer the wanted values stand: the paths of a question as a tree, compared byte by byte with what is read.</summary>
internal sealed class AnswerShape
{
    private readonly byte[] name;
    private readonly int index;
    private readonly List<AnswerShape> children = [];

    private AnswerShape(string part)
    {
        name = Encoding.UTF8.GetBytes(part);
        index = int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
    }

    /// <summary>The wanted path that ends here; null when none does.</summary>
    public string? Path { get; private set; }

    /// <param name="paths">Names of properties and numbers of items, with dots between them.</param>
    public static AnswerShape Of(IReadOnlyList<string> paths)
    {
        var root = new AnswerShape("");
        foreach (var path in paths)
        {
            var at = root;
            foreach (var part in path.Split('.'))
            {
                var next = at.children.Find(child => child.name.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(part)));
                if (next is null)
                    at.children.Add(next = new AnswerShape(part));
                at = next;
            }

            at.Path = path;
        }

        return root;
    }

    /// <summary>What is wanted of the property whose name the reader is at; null for nothing.</summary>
    public AnswerShape? Property(ref Utf8JsonReader reader)
    {
        foreach (var child in children)
            if (reader.ValueTextEquals(child.name))
                return child;
        return null;
    }

    /// <summary>What is wanted of an item of a list; null for nothing.</summary>
    public AnswerShape? Item(int number)
    {
        foreach (var child in children)
            if (child.index == number)
                return child;
        return null;
    }
}
